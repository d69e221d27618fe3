//! The steps of making a cluster, in order, with what is printed about each.

use crate::cleanup::{Cleanup, Signals};
use crate::directory::{
    Access, COPIES, TEMPLATE, VERSION_FILE, create_data_directory, create_subdirectories, create_wal_directory,
    write_file,
};
use crate::failure::{Failure, warn};
use crate::locale::{Encoding, Locales, choose_encoding};
use crate::options::Options;
use crate::output::{announce, complain, say};
use crate::probe::{Probed, choose_buffers, choose_connections, choose_time_zone, print_buffers};
use crate::script::{ROWS, Words, catalogs, set_password};
use crate::server::{Output, Server, find_program};
use crate::sync::{self, Forced};
use crate::{password, settings, user};
use nix::sys::stat::{Mode, umask};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// `--sync-only`.
pub fn sync_only(given: Option<PathBuf>) -> Result<(), Failure> {
    let data = data_directory(given)?;
    if !data.is_dir() {
        let error = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(Failure::io(
            format!("access directory \"{}\"", data.display()),
            &std::fs::read_dir(&data).err().unwrap_or(error),
        ));
    }
    announce("syncing data to disk ... ");
    sync::sync_tree(&data)?;
    say!("ok");
    Ok(())
}

/// The data directory: as given, else as PGDATA says.
fn data_directory(given: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let from_environment = || std::env::var_os("PGDATA").filter(|v| !v.is_empty()).map(PathBuf::from);
    let found = given.or_else(from_environment).ok_or_else(|| {
        Failure::new("no data directory specified").hint(
            "You must identify the directory where the data for this database system will reside.  Do this with either the \
             invocation option -D or the environment variable PGDATA.",
        )
    })?;
    Ok(found.components().collect())
}

/// A cluster on its way.
struct Maker<'a> {
    options: &'a Options,
    data: PathBuf,
    program: PathBuf,
    superuser: String,
    password: Option<String>,
    locales: Locales,
    encoding: Encoding,
    text_search: String,
    access: Access,
    signals: Signals,
}

/// Makes a cluster.
pub fn make_cluster(options: &Options, argv0: &str) -> Result<(), Failure> {
    let data = data_directory(options.data.clone())?;
    let program = find_program(argv0)?;
    let owner = user::effective_user(options.allow_root)?;
    let superuser = options.username.clone().unwrap_or_else(|| owner.clone());
    user::check_superuser_name(&superuser)?;
    say!("The files belonging to this database system will be owned by user \"{owner}\".");
    say!("This user must also own the server process.\n");
    if options.show || options.debug {
        show(&data, &program, &superuser);
        if options.show {
            return Ok(());
        }
    }
    let locales = Locales::choose(&options.locale)?;
    locales.print();
    let encoding = choose_encoding(options.encoding.as_deref(), &locales)?;
    let text_search = choose_text_search(options, &locales);
    say!("\nData page checksums are enabled.");
    let password = ask_password(options)?;
    say!("");
    let access = if options.group_access { Access::Group } else { Access::Owner };
    let signals = Signals::watch()?;
    let maker = Maker { options, data, program, superuser, password, locales, encoding, text_search, access, signals };
    maker.make()?;
    farewell(options, &maker.data, argv0);
    Ok(())
}

fn show(data: &Path, program: &Path, superuser: &str) {
    complain!("VERSION=15.18");
    complain!("PGDATA={}", data.display());
    complain!("PGPATH={}", program.parent().unwrap_or(Path::new("")).display());
    complain!("POSTGRES_SUPERUSERNAME={superuser}");
    complain!("INPUT_FILES=built in");
}

fn choose_text_search(options: &Options, locales: &Locales) -> String {
    let matching = locales.text_search();
    let chosen = match (&options.text_search, matching) {
        (None, Some(found)) => found.to_owned(),
        (None, None) => {
            complain!("initdb: could not find suitable text search configuration for locale \"{}\"", locales.ctype);
            "simple".to_owned()
        }
        (Some(given), found) => {
            warn_of_mismatch(given, found, &locales.ctype);
            given.clone()
        }
    };
    say!("The default text search configuration will be set to \"{chosen}\".");
    chosen
}

fn warn_of_mismatch(given: &str, matching: Option<&str>, locale: &str) {
    match matching {
        None => warn(&format!("suitable text search configuration for locale \"{locale}\" is unknown"), None),
        Some(found) if found != given => {
            warn(&format!("specified text search configuration \"{given}\" might not match locale \"{locale}\""), None);
        }
        Some(_) => {}
    }
}

fn ask_password(options: &Options) -> Result<Option<String>, Failure> {
    match &options.password_file {
        Some(path) => password::read_password_file(path).map(Some),
        None if options.prompt_password => password::prompt_password().map(Some),
        None => Ok(None),
    }
}

impl Maker<'_> {
    fn make(&self) -> Result<(), Failure> {
        umask(Mode::from_bits_truncate(self.access.umask()));
        let mut cleanup = Cleanup::new(self.options.no_clean);
        match self.fill(&mut cleanup) {
            Ok(()) => {
                cleanup.keep();
                Ok(())
            }
            Err(failure) => {
                // The cause is said before the clean-up, which says what it does.
                failure.print();
                drop(cleanup);
                Err(Failure::said())
            }
        }
    }

    fn fill(&self, cleanup: &mut Cleanup) -> Result<(), Failure> {
        create_data_directory(&self.data, self.access, (cleanup, &self.signals))?;
        let forced = Forced::open(&self.data)?;
        self.create_wal_directory(cleanup)?;
        create_subdirectories(&self.data, self.access, &self.signals)?;
        self.write("PG_VERSION", VERSION_FILE)?;
        let probed = probe();
        self.write_settings(&probed)?;
        self.run_bootstrap()?;
        self.set_password()?;
        self.signals.check_ok()?;
        self.sync(&forced)
    }

    fn create_wal_directory(&self, cleanup: &mut Cleanup) -> Result<(), Failure> {
        let elsewhere = self.options.wal_directory.as_deref();
        if elsewhere.is_some_and(Path::is_relative) {
            return Err(Failure::new("WAL directory location must be an absolute path"));
        }
        create_wal_directory(&self.data, elsewhere, self.access, (cleanup, &self.signals))
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        write_file(&self.data.join(name), text, self.access)
    }

    fn write_settings(&self, probed: &Probed) -> Result<(), Failure> {
        announce("creating configuration files ... ");
        let toml = settings::postgresql_toml(self.options, &self.locales, probed, &self.text_search);
        self.write("postgresql.toml", &toml)?;
        self.write("postgresql.auto.toml", settings::AUTO_TOML)?;
        let (local, host) = (self.options.auth_local.as_deref(), self.options.auth_host.as_deref());
        self.write("pg_hba.conf", &settings::pg_hba_conf(local.unwrap_or("trust"), host.unwrap_or("trust")))?;
        self.write("pg_ident.conf", settings::PG_IDENT_CONF)?;
        self.signals.check_ok()
    }

    /// Arguments that both runs of the server share.
    fn common_arguments(&self, mode: &str) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = vec![mode.into(), "-D".into(), self.data.clone().into()];
        let mut add = |text: &str| arguments.extend(text.split(' ').map(OsString::from));
        add("-c log_checkpoints=false");
        // Pages are written once and never read again: few frames are as good as many, and memory has to be cleared.
        add("-c shared_buffers=2MB");
        if self.options.discard_caches {
            add("-c debug_discard_caches=1");
        }
        if self.options.allow_root {
            add("--allow-root");
        }
        if self.options.debug {
            add("-d 5");
        }
        arguments
    }

    fn run_bootstrap(&self) -> Result<(), Failure> {
        announce("running bootstrap script ... ");
        let mut arguments = self.common_arguments("--boot");
        let segment_bytes = u64::from(self.options.wal_segment_mb) << 20;
        arguments.extend(["-X".into(), segment_bytes.to_string().into(), "-k".into()]);
        if self.options.no_sync {
            // Nothing goes to the disk before the operating system likes.
            arguments.push("-F".into());
        }
        arguments.extend(COPIES.map(|copy| copy.to_string().into()));
        let words = Words { superuser: &self.superuser, encoding: self.encoding, locales: &self.locales };
        let started = Instant::now();
        let mut server = Server::start(&self.program, &arguments, Output::Shown)?;
        server.send(&catalogs(&words));
        server.send(ROWS);
        server.finish()?;
        self.say_time("bootstrap", started);
        // The server checks the version of a database before it opens it, so the file comes after the content.
        for database in [TEMPLATE].into_iter().chain(COPIES) {
            self.write(&format!("base/{database}/PG_VERSION"), VERSION_FILE)?;
        }
        self.signals.check_ok()
    }

    /// Gives the superuser a password: the server's own business, as its form is. Without one the bootstrap script has said it all.
    fn set_password(&self) -> Result<(), Failure> {
        announce("performing post-bootstrap initialization ... ");
        let Some(password) = &self.password else { return Ok(()) };
        let mut arguments = self.common_arguments("--single");
        let settings = ["-F", "-j", "-c", "exit_on_error=true", "template1"];
        arguments.extend(settings.map(OsString::from));
        let started = Instant::now();
        let mut server = Server::start(&self.program, &arguments, Output::Hidden)?;
        server.send(&set_password(&self.superuser, password));
        server.finish()?;
        self.say_time("password", started);
        Ok(())
    }

    /// Forces everything to disk.
    fn sync(&self, forced: &Forced) -> Result<(), Failure> {
        if self.options.no_sync {
            say!("\nSync to disk skipped.");
            say!("The data directory might become corrupt if the operating system crashes.");
            return Ok(());
        }
        announce("syncing data to disk ... ");
        let started = Instant::now();
        forced.sync()?;
        self.say_time("sync", started);
        self.signals.check_ok()
    }

    /// Under `-d`: how long a step took.
    fn say_time(&self, step: &str, started: Instant) {
        if self.options.debug {
            complain!("initdb: {step}: {} ms", started.elapsed().as_millis());
        }
    }
}

/// Finds out what the machine allows, and says so.
fn probe() -> Probed {
    say!("selecting dynamic shared memory implementation ... posix");
    announce("selecting default max_connections ... ");
    let connections = choose_connections();
    say!("{connections}");
    announce("selecting default shared_buffers ... ");
    let buffers = choose_buffers();
    say!("{}", print_buffers(buffers));
    announce("selecting default time zone ... ");
    let time_zone = choose_time_zone();
    say!("{}", time_zone.as_deref().unwrap_or("GMT"));
    Probed { connections, buffers, time_zone }
}

/// The warning about trust and the command that starts the server.
fn farewell(options: &Options, data: &Path, argv0: &str) {
    if options.auth_local.is_none() || options.auth_host.is_none() {
        say!("");
        warn(
            "enabling \"trust\" authentication for local connections",
            Some(
                "You can change this by editing pg_hba.conf or using the option -A, or --auth-local and --auth-host, the \
                 next time you run initdb.",
            ),
        );
    }
    if !options.no_instructions {
        let program = Path::new(argv0).with_file_name("woolly");
        say!("\nSuccess. You can now start the database server using:\n");
        say!("    {} start -D {} -l logfile\n", for_shell(&program), for_shell(data));
    }
}

/// A path as a shell takes it: in quotes if need be.
fn for_shell(path: &Path) -> String {
    let text = path.display().to_string();
    match !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c)) {
        true => text,
        false => format!("'{}'", text.replace('\'', "'\"'\"'")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_for_shells() {
        assert_eq!(for_shell(Path::new("/a/b-c.d")), "/a/b-c.d");
        assert_eq!(for_shell(Path::new("/a b")), "'/a b'");
        assert_eq!(for_shell(Path::new("it's")), "'it'\"'\"'s'");
    }

    #[test]
    fn the_directory_is_tidied() {
        assert_eq!(data_directory(Some("/d//x/./y/".into())).unwrap(), Path::new("/d/x/y"));
    }
}
