//! start, stop, restart, reload, status, logrotate.

use crate::failure::Failure;
use crate::launch::{self, Started};
use crate::options::{Mode, Restart, Server, Start, Status, Stop};
use crate::pid_file::{self, PidFile};
use crate::wait;
use nix::sys::signal::Signal;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

/// Starts a server.
pub fn start(start: &Start) -> Result<(), Failure> {
    let data = start.server.directory()?;
    if let Some(old) = pid_file::read(&data)?
        && old.is_alive()
    {
        start.server.say("woolly: another server might be running; trying to start server anyway");
    }
    let arguments: Vec<OsString> =
        start.options.iter().flat_map(|text| split_words(text)).map(OsString::from).collect();
    launch(start, &data, &arguments)
}

fn launch(start: &Start, data: &Path, arguments: &[OsString]) -> Result<(), Failure> {
    check_user(start.allow_root || arguments.iter().any(|argument| argument == "--allow-root"))?;
    let command = launch::server_command(data, arguments, start.allow_root)?;
    let mut child = launch::start(command, start.log.as_deref())?;
    let Some(limit) = start.waiting.limit() else {
        start.server.say("server starting");
        return Ok(());
    };
    match launch::wait_until_ready(&mut child, data, limit) {
        Started::Ready(_) => {
            start.server.say("waiting for server to start.... done\nserver started");
            Ok(())
        }
        Started::Ended => {
            start.server.say("waiting for server to start.... stopped waiting");
            Err(Failure::new("could not start server\nExamine the log output."))
        }
        Started::Slow => {
            start.server.say("waiting for server to start.... stopped waiting");
            Err(Failure::new("server did not start in time"))
        }
    }
}

/// The server would say so too, but perhaps in a log file that nobody looks into.
fn check_user(allows_root: bool) -> Result<(), Failure> {
    if launch::is_root() && !allows_root {
        return Err(Failure::new(
            "cannot be run as root\nPlease log in (using, e.g., \"su\") as the (unprivileged) user that will\nown the server \
             process, or give --allow-root.",
        ));
    }
    Ok(())
}

/// Stops a server.
pub fn stop(stop: &Stop) -> Result<(), Failure> {
    let data = stop.server.directory()?;
    let file = pid_file::running(&data)?;
    stop_running(&data, &file, stop.mode, &stop.server, stop.waiting.limit())
}

fn stop_running(
    data: &Path,
    file: &PidFile,
    mode: Mode,
    server: &Server,
    limit: Option<Duration>,
) -> Result<(), Failure> {
    file.signal(match mode {
        Mode::Smart => Signal::SIGTERM,
        Mode::Fast => Signal::SIGINT,
        Mode::Immediate => Signal::SIGQUIT,
    })?;
    let Some(limit) = limit else {
        server.say("server shutting down");
        return Ok(());
    };
    if wait::until(limit, || has_ended(data, file).then_some(())).is_none() {
        server.say("waiting for server to shut down.... failed");
        let hint = "HINT: The \"-m fast\" option immediately disconnects sessions rather than\n\
                    waiting for session-initiated disconnection.";
        let hint = if mode == Mode::Smart { format!("\n{hint}") } else { String::new() };
        return Err(Failure::new(format!("server does not shut down{hint}")));
    }
    server.say("waiting for server to shut down.... done\nserver stopped");
    Ok(())
}

/// The file goes last, or another server has made its own, or the process died without a word.
fn has_ended(data: &Path, before: &PidFile) -> bool {
    match pid_file::read(data) {
        Ok(Some(now)) => now.pid != before.pid || !now.is_alive(),
        _ => true,
    }
}

/// Stops a server and starts it with the arguments it had.
pub fn restart(restart: &Restart) -> Result<(), Failure> {
    let start = &restart.start;
    let data = start.server.directory()?;
    let mut arguments: Vec<OsString> = old_arguments(&data).into_iter().map(OsString::from).collect();
    match pid_file::read(&data)? {
        Some(file) if file.pid > 0 && file.is_alive() => {
            stop_running(
                &data,
                &file,
                restart.mode,
                &start.server,
                Some(Duration::from_secs(start.waiting.timeout_s)),
            )?;
        }
        Some(file) if file.pid < 0 => {
            let text = format!("cannot restart server; single-user server is running (PID: {})", -file.pid);
            return Err(Failure::new(text));
        }
        _ => {
            eprintln!("woolly: PID file \"{}\" does not exist\nIs server running?", pid_file::path(&data).display());
            start.server.say("trying to start server anyway");
        }
    }
    arguments.extend(start.options.iter().flat_map(|text| split_words(text)).map(OsString::from));
    launch(start, &data, &arguments)
}

/// The arguments in postmaster.opts but the data directory, which is named anew.
fn old_arguments(data: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(data.join("postmaster.opts")).unwrap_or_default();
    let mut quoted = text.split('"').skip(1).step_by(2).map(str::to_owned);
    let mut arguments = Vec::new();
    while let Some(argument) = quoted.next() {
        match argument.as_str() {
            "-D" => drop(quoted.next()),
            _ if argument.starts_with("-D") => {}
            _ => arguments.push(argument),
        }
    }
    arguments
}

/// Has a server read its settings again.
pub fn reload(server: &Server) -> Result<(), Failure> {
    let file = pid_file::running(&server.directory()?)?;
    file.signal(Signal::SIGHUP)?;
    server.say("server signaled");
    Ok(())
}

/// Has the server's program check a stopped cluster. Its exit code is ours: 0 nothing is wrong, 1 something is, 2 it could not be found out.
pub fn check(server: &Server) -> Result<(), Failure> {
    let data = server.directory()?;
    if let Some(file) = pid_file::read(&data).map_err(|failure| failure.code(2))?.filter(PidFile::is_alive) {
        let text = format!(
            "cannot check \"{}\": a server is running (PID: {})\nCheck each of its databases with: {} -c 'SELECT * FROM woolly_check()'",
            data.display(),
            file.pid.abs(),
            file.psql()
        );
        return Err(Failure::new(text).code(2));
    }
    let mut command = std::process::Command::new(launch::program("postmaster")?);
    command.arg("--check").arg("-D").arg(&data);
    if server.silent {
        command.stdout(std::process::Stdio::null());
    }
    let status = command.status().map_err(|error| Failure::io("start the check", &error).code(2))?;
    match status.code() {
        Some(0) => Ok(()),
        code => Err(Failure::new("").code(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(2))),
    }
}

/// Has a server begin new log files.
pub fn logrotate(server: &Server) -> Result<(), Failure> {
    let data = server.directory()?;
    let file = pid_file::running(&data)?;
    let request = data.join("logrotate");
    std::fs::write(&request, "")
        .map_err(|error| Failure::io(&format!("create log rotation signal file \"{}\"", request.display()), &error))?;
    if let Err(failure) = file.signal(Signal::SIGUSR1) {
        let _ = std::fs::remove_file(&request);
        return Err(failure);
    }
    server.say("server signaled to rotate log file");
    Ok(())
}

/// Says whether a server runs.
pub fn status(status: &Status) -> Result<(), Failure> {
    let data = status.server.directory()?;
    let file = pid_file::read(&data)?.filter(PidFile::is_alive);
    if status.json {
        println!("{}", describe(&data, file.as_ref()));
        return file.map(drop).ok_or_else(|| Failure::new("").code(3));
    }
    match file {
        Some(file) if file.pid < 0 => {
            status.server.say(&format!("woolly: single-user server is running (PID: {})", -file.pid));
            Ok(())
        }
        Some(file) => {
            let options = std::fs::read_to_string(data.join("postmaster.opts")).unwrap_or_default();
            status.server.say(&format!("woolly: server is running (PID: {})\n{}", file.pid, options.trim_end()));
            Ok(())
        }
        None => {
            status.server.say("woolly: no server running");
            Err(Failure::new("").code(3))
        }
    }
}

fn describe(data: &Path, file: Option<&PidFile>) -> serde_json::Value {
    let Some(file) = file else { return serde_json::json!({ "running": false, "data_directory": data }) };
    serde_json::json!({
        "running": true,
        "pid": file.pid.abs(),
        "single_user": file.pid < 0,
        "data_directory": data,
        "started": file.start_s,
        "port": file.port,
        "socket_directory": file.socket_directory,
        "listen_address": file.listen_address,
        "status": file.status,
    })
}

/// Splits `-o` as a shell would: blanks between, quotes around.
fn split_words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in text.chars() {
        match (c, quote) {
            (_, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (' ' | '\t' | '\n', None) => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_options_as_a_shell_does() {
        assert_eq!(split_words("-p 5433 -c 'a b=\"c\"' \"\""), ["-p", "5433", "-c", "a b=\"c\"", ""]);
    }

    #[test]
    fn restart_keeps_all_arguments_but_the_directory() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("postmaster.opts"), "/x/postmaster \"-D\" \"/d\" \"-p\" \"5433\"\n").unwrap();
        assert_eq!(old_arguments(folder.path()), ["-p", "5433"]);
    }

    #[test]
    fn json_says_what_the_file_says() {
        assert_eq!(describe(Path::new("/d"), None)["running"], false);
        let file = PidFile { pid: 7, port: Some(5433), ..PidFile::default() };
        assert_eq!(describe(Path::new("/d"), Some(&file))["port"], 5433);
    }
}
