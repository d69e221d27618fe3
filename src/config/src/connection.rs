//! Settings that are about the client's connection: their values are the connection's, whatever was asked for.

use crate::session::SessionSettings;
use crate::table::Setting;
use std::fmt;

/// The settings.
const SETTINGS: [Setting; 4] =
    [Setting::TcpKeepalivesCount, Setting::TcpKeepalivesIdle, Setting::TcpKeepalivesInterval, Setting::TcpUserTimeout];

/// A client's connection.
pub trait Connection: fmt::Debug + Send + Sync {
    /// Puts a value in force; 0 stands for the system's default. Returns what is in force, 0 where the connection knows no such
    /// thing.
    fn put_in_force(&self, setting: Setting, wanted: i32) -> i32;
}

impl SessionSettings {
    /// The value in force, if this is such a setting and there is a connection.
    pub(crate) fn in_force(&self, setting: Setting) -> Option<i32> {
        let connection = self.connection.as_ref().filter(|_| SETTINGS.contains(&setting))?;
        Some(connection.put_in_force(setting, self.int(setting)))
    }

    /// Puts the values in force that have changed since the last call. Cheap when nothing changed.
    pub fn settle_connection(&mut self) {
        if std::mem::take(&mut self.connection_due) {
            for setting in SETTINGS {
                self.in_force(setting);
            }
        }
    }

    /// True of a setting whose changes are to be put in force.
    pub(crate) fn is_of_connection(setting: Setting) -> bool {
        SETTINGS.contains(&setting)
    }
}
