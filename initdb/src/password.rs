//! The new superuser's password: asked for, or read from a file.

use crate::failure::Failure;
use crate::output::{complain, say};
use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

/// The first line of a file.
///
/// Errors: the file cannot be read; it is empty.
pub fn read_password_file(path: &Path) -> Result<String, Failure> {
    let shown = path.display();
    let file = std::fs::File::open(path).map_err(|e| Failure::io(format!("open file \"{shown}\" for reading"), &e))?;
    let mut line = String::new();
    let read = BufReader::new(file).read_line(&mut line);
    match read.map_err(|e| Failure::io(format!("read password from file \"{shown}\""), &e))? {
        0 => Err(Failure::new(format!("password file \"{shown}\" is empty"))),
        _ => Ok(line.trim_end_matches(['\r', '\n']).to_owned()),
    }
}

/// Asks twice, at the terminal if there is one.
pub fn prompt_password() -> Result<String, Failure> {
    say!("");
    let first = ask("Enter new superuser password: ")?;
    if first != ask("Enter it again: ")? {
        complain!("Passwords didn't match.");
        return Err(Failure::said());
    }
    Ok(first)
}

fn ask(prompt: &str) -> Result<String, Failure> {
    let failed = |e: std::io::Error| Failure::io("read the password", &e);
    match OpenOptions::new().read(true).write(true).open("/dev/tty") {
        Ok(mut terminal) => {
            terminal.write_all(prompt.as_bytes()).map_err(failed)?;
            let saved = tcgetattr(&terminal).ok();
            if let Some(mut silent) = saved.clone() {
                silent.local_flags.remove(LocalFlags::ECHO);
                // A terminal that cannot be silenced shows what is typed; that is no reason to refuse.
                let _ = tcsetattr(&terminal, SetArg::TCSAFLUSH, &silent);
            }
            let line = read_line(&mut BufReader::new(&terminal)).map_err(failed);
            if let Some(saved) = saved {
                let _ = tcsetattr(&terminal, SetArg::TCSAFLUSH, &saved);
            }
            terminal.write_all(b"\n").map_err(failed)?;
            line
        }
        Err(_) => {
            eprint!("{prompt}");
            read_line(&mut std::io::stdin().lock()).map_err(failed)
        }
    }
}

fn read_line(input: &mut impl BufRead) -> std::io::Result<String> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_counts() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("pw");
        std::fs::write(&path, "se cret\r\nmore\n").unwrap();
        assert_eq!(read_password_file(&path).unwrap(), "se cret");
        std::fs::write(&path, "").unwrap();
        assert!(read_password_file(&path).unwrap_err().message.ends_with("is empty"));
        assert!(
            read_password_file(&root.path().join("none")).unwrap_err().message.ends_with("No such file or directory")
        );
    }
}
