//! Which rule is for a client: the first one that fits.

use super::rules::{Addresses, ConnectionKind, Rule, Rules};
use super::tokens::Token;
use report::{Error, Severity, SqlState};
use std::net::IpAddr;

/// What a client wants, and where it comes from.
#[derive(Clone, Debug, Default)]
pub struct Request<'a> {
    /// Its address; none on a Unix-domain socket.
    pub address: Option<IpAddr>,
    /// The connection is encrypted by TLS.
    pub tls: bool,
    /// The database it names.
    pub database: &'a str,
    /// The role it names.
    pub role: &'a str,
    /// It wants physical replication, which no database name matches.
    pub replication: bool,
}

/// What is known of roles.
pub trait Roles {
    /// True if the role `member` is, directly or not, a member of `group`. Superusers are no exception.
    fn is_member(&self, member: &str, group: &str) -> bool;
}

/// What is known of hosts and networks.
pub trait HostLookup {
    /// The name of an address, by reverse look-up.
    fn name_of(&self, address: IpAddr) -> Option<String>;
    /// The addresses of a name.
    fn addresses_of(&self, name: &str) -> Vec<IpAddr>;
    /// The server's own addresses with the masks of their networks.
    fn own_networks(&self) -> Vec<(IpAddr, IpAddr)>;
}

impl Rules {
    /// The first rule for this request.
    pub fn find(&self, request: &Request<'_>, roles: &dyn Roles, hosts: &dyn HostLookup) -> Option<&Rule> {
        self.rules.iter().find(|rule| {
            kind_fits(rule.kind, request)
                && request.address.is_none_or(|address| address_fits(&rule.addresses, address, hosts))
                && database_fits(&rule.databases, request, roles)
                && role_fits(&rule.roles, request.role, roles)
        })
    }
}

fn kind_fits(kind: ConnectionKind, request: &Request<'_>) -> bool {
    match kind {
        ConnectionKind::Local => request.address.is_none(),
        ConnectionKind::Host | ConnectionKind::HostNoGss => request.address.is_some(),
        ConnectionKind::HostTls => request.address.is_some() && request.tls,
        ConnectionKind::HostNoTls => request.address.is_some() && !request.tls,
        ConnectionKind::HostGss => false,
    }
}

fn address_fits(addresses: &Addresses, address: IpAddr, hosts: &dyn HostLookup) -> bool {
    match addresses {
        Addresses::All => true,
        Addresses::Masked(base, mask) => is_in(address, *base, *mask),
        Addresses::SameHost => hosts.own_networks().iter().any(|(own, _)| *own == address),
        Addresses::SameNet => hosts.own_networks().iter().any(|(own, mask)| is_in(address, *own, *mask)),
        Addresses::Name(name) => name_fits(name, address, hosts),
    }
}

/// The reverse look-up names the host, and the forward look-up must agree, because anyone can name his addresses as he
/// likes.
fn name_fits(name: &str, address: IpAddr, hosts: &dyn HostLookup) -> bool {
    let Some(found) = hosts.name_of(address) else { return false };
    let fits = match name.strip_prefix('.') {
        Some(_) => found.len() > name.len() && found[found.len() - name.len()..].eq_ignore_ascii_case(name),
        None => found.eq_ignore_ascii_case(name),
    };
    fits && hosts.addresses_of(&found).contains(&address)
}

fn is_in(address: IpAddr, base: IpAddr, mask: IpAddr) -> bool {
    match (address, base, mask) {
        (IpAddr::V4(a), IpAddr::V4(b), IpAddr::V4(m)) => (a.to_bits() ^ b.to_bits()) & m.to_bits() == 0,
        (IpAddr::V6(a), IpAddr::V6(b), IpAddr::V6(m)) => (a.to_bits() ^ b.to_bits()) & m.to_bits() == 0,
        _ => false,
    }
}

fn database_fits(tokens: &[Token], request: &Request<'_>, roles: &dyn Roles) -> bool {
    if request.replication {
        return tokens.iter().any(|token| token.is("replication"));
    }
    tokens.iter().any(|token| {
        if token.is("all") {
            true
        } else if token.is("sameuser") {
            request.database == request.role
        } else if token.is("samerole") || token.is("samegroup") {
            roles.is_member(request.role, request.database)
        } else {
            !token.is("replication") && token.text == request.database
        }
    })
}

fn role_fits(tokens: &[Token], role: &str, roles: &dyn Roles) -> bool {
    tokens.iter().any(|token| match token.text.strip_prefix('+') {
        Some(group) if !token.quoted => roles.is_member(role, group),
        _ => token.is("all") || token.text == role,
    })
}

/// 28000: a rule rejects the client.
pub fn rejected(request: &Request<'_>) -> Error {
    refusal("pg_hba.conf rejects connection for", "pg_hba.conf rejects replication connection for", request)
}

/// 28000: no rule is for the client.
pub fn implicit_reject(request: &Request<'_>) -> Error {
    refusal("no pg_hba.conf entry for", "no pg_hba.conf entry for replication connection from", request)
}

fn refusal(what: &str, what_replication: &str, request: &Request<'_>) -> Error {
    let host = request.address.map_or_else(|| "[local]".to_owned(), |address| address.to_string());
    let encryption = if request.tls { "SSL encryption" } else { "no encryption" };
    let (role, database) = (request.role, request.database);
    let message = if request.replication {
        format!("{what_replication} host \"{host}\", user \"{role}\", {encryption}")
    } else {
        format!("{what} host \"{host}\", user \"{role}\", database \"{database}\", {encryption}")
    };
    Error::with_severity(Severity::Fatal, SqlState::INVALID_AUTHORIZATION_SPECIFICATION, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::tests::FakeFiles;
    use std::path::Path;

    struct Staff;
    impl Roles for Staff {
        fn is_member(&self, member: &str, group: &str) -> bool {
            (member, group) == ("bob", "staff") || member == group
        }
    }

    struct Net;
    impl HostLookup for Net {
        fn name_of(&self, address: IpAddr) -> Option<String> {
            (address == ip("10.0.0.7")).then(|| "www.example.com".to_owned())
        }
        fn addresses_of(&self, _: &str) -> Vec<IpAddr> {
            vec![ip("10.0.0.7")]
        }
        fn own_networks(&self) -> Vec<(IpAddr, IpAddr)> {
            vec![(ip("192.168.1.5"), ip("255.255.255.0"))]
        }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn line_for(rules: &str, request: &Request<'_>) -> Option<u32> {
        let files = FakeFiles::with(&[]);
        let rules = Rules::parse(&*files, Path::new("/h"), rules).unwrap();
        rules.find(request, &Staff, &Net).map(|rule| rule.line)
    }

    fn local<'a>(database: &'a str, role: &'a str) -> Request<'a> {
        Request { database, role, ..Request::default() }
    }

    fn from<'a>(address: &str, role: &'a str) -> Request<'a> {
        Request { address: Some(ip(address)), database: "d", role, ..Request::default() }
    }

    #[test]
    fn the_first_rule_that_fits_counts() {
        let rules = "local d bob trust\nlocal all bob reject\nlocal sameuser all trust\nlocal samerole all trust\n";
        assert_eq!(line_for(rules, &local("d", "bob")), Some(1));
        assert_eq!(line_for(rules, &local("e", "bob")), Some(2));
        assert_eq!(line_for(rules, &local("eve", "eve")), Some(3));
        assert_eq!(line_for(rules, &local("x", "eve")), None);
        assert_eq!(line_for(rules, &from("10.0.0.1", "bob")), None);
    }

    #[test]
    fn keywords_lose_their_meaning_in_quotes() {
        assert_eq!(line_for("local \"all\" \"all\" trust", &local("d", "bob")), None);
        assert_eq!(line_for("local \"all\" all trust", &local("all", "bob")), Some(1));
        assert_eq!(line_for("local all \"+staff\" trust", &local("d", "bob")), None);
        assert_eq!(line_for("local all +staff trust", &local("d", "bob")), Some(1));
    }

    #[test]
    fn addresses_by_mask_network_and_name() {
        assert_eq!(line_for("host all all 10.0.0.0/8 trust", &from("10.9.9.9", "bob")), Some(1));
        assert_eq!(line_for("host all all 10.0.0.0/8 trust", &from("11.0.0.1", "bob")), None);
        assert_eq!(line_for("host all all 0.0.0.0/0 trust", &from("::1", "bob")), None);
        assert_eq!(line_for("host all all samehost trust", &from("192.168.1.6", "bob")), None);
        assert_eq!(line_for("host all all samenet trust", &from("192.168.1.6", "bob")), Some(1));
        assert_eq!(line_for("host all all .Example.com trust", &from("10.0.0.7", "bob")), Some(1));
        assert_eq!(line_for("host all all www.example.com trust", &from("10.0.0.8", "bob")), None);
        assert_eq!(line_for("hostssl all all all trust", &from("10.0.0.7", "bob")), None);
        assert_eq!(line_for("hostnossl all all all trust", &from("10.0.0.7", "bob")), Some(1));
    }

    #[test]
    fn replication_is_no_database() {
        let request = Request { replication: true, ..local("", "bob") };
        assert_eq!(line_for("local all all trust\nlocal replication all trust", &request), Some(2));
        assert_eq!(line_for("local replication all trust", &local("replication", "bob")), None);
    }

    #[test]
    fn refusals_are_postgres_own() {
        assert_eq!(
            implicit_reject(&from("10.0.0.7", "bob")).message(),
            "no pg_hba.conf entry for host \"10.0.0.7\", user \"bob\", database \"d\", no encryption"
        );
        assert_eq!(
            rejected(&local("d", "bob")).message(),
            "pg_hba.conf rejects connection for host \"[local]\", user \"bob\", database \"d\", no encryption"
        );
        assert_eq!(rejected(&local("d", "bob")).code().as_str(), "28000");
    }
}
