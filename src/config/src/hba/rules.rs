//! The rules of `pg_hba.conf`.

use super::problem;
use super::tokens::{Line, Token, lines};
use crate::file::Files;
use report::Error;
use std::net::IpAddr;
use std::path::Path;

/// What kind of connection a rule is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConnectionKind {
    /// Unix-domain sockets.
    Local,
    /// TCP.
    Host,
    /// TCP with TLS.
    HostTls,
    /// TCP without TLS.
    HostNoTls,
    /// TCP with GSSAPI encryption.
    HostGss,
    /// TCP without GSSAPI encryption.
    HostNoGss,
}

impl ConnectionKind {
    /// The word in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            ConnectionKind::Local => "local",
            ConnectionKind::Host => "host",
            ConnectionKind::HostTls => "hostssl",
            ConnectionKind::HostNoTls => "hostnossl",
            ConnectionKind::HostGss => "hostgssenc",
            ConnectionKind::HostNoGss => "hostnogssenc",
        }
    }
}

/// Which addresses a rule is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Addresses {
    /// All, `samehost`: the server's own, `samenet`: those of its networks.
    All,
    /// The server's own addresses.
    SameHost,
    /// All addresses of the server's networks.
    SameNet,
    /// Those that agree with an address in the bits of a mask.
    Masked(IpAddr, IpAddr),
    /// Those of a host; with a dot in front those of all hosts of a domain.
    Name(String),
}

/// How a client proves who it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// Not at all.
    Trust,
    /// It cannot.
    Reject,
    /// A password, hashed by MD5, or SCRAM if the stored one is.
    Md5,
    /// A password in the clear.
    Password,
    /// SCRAM-SHA-256.
    ScramSha256,
    /// The name of the process's user.
    Peer,
    /// The name that an ident server tells.
    Ident,
    /// A TLS certificate.
    Cert,
    /// An LDAP server.
    Ldap,
    /// RADIUS servers.
    Radius,
}

/// Methods by name; those without a method are of other systems' libraries.
const METHODS: [(&str, Option<Method>); 13] = [
    ("trust", Some(Method::Trust)),
    ("reject", Some(Method::Reject)),
    ("md5", Some(Method::Md5)),
    ("password", Some(Method::Password)),
    ("scram-sha-256", Some(Method::ScramSha256)),
    ("peer", Some(Method::Peer)),
    ("ident", Some(Method::Ident)),
    ("cert", Some(Method::Cert)),
    ("ldap", Some(Method::Ldap)),
    ("radius", Some(Method::Radius)),
    ("gss", None),
    ("sspi", None),
    ("pam", None),
];

impl Method {
    /// The word in the file.
    pub fn as_str(self) -> &'static str {
        METHODS.iter().find(|(_, method)| *method == Some(self)).expect("every method has a name").0
    }
}

/// Options that a rule may have. What they mean is for the method to know.
const OPTIONS: [&str; 25] = [
    "map",
    "clientcert",
    "clientname",
    "pamservice",
    "pam_use_hostname",
    "ldapurl",
    "ldaptls",
    "ldapscheme",
    "ldapserver",
    "ldapport",
    "ldapbinddn",
    "ldapbindpasswd",
    "ldapsearchattribute",
    "ldapsearchfilter",
    "ldapbasedn",
    "ldapprefix",
    "ldapsuffix",
    "krb_realm",
    "include_realm",
    "compat_realm",
    "upn_username",
    "radiusservers",
    "radiusports",
    "radiussecrets",
    "radiusidentifiers",
];

/// A rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    /// Its line in the file.
    pub line: u32,
    /// The line's text, for messages.
    pub raw: String,
    /// For what kind of connection.
    pub kind: ConnectionKind,
    /// For which databases.
    pub databases: Vec<Token>,
    /// For which roles.
    pub roles: Vec<Token>,
    /// For which addresses; `All` for Unix-domain sockets.
    pub addresses: Addresses,
    /// How a client proves who it is.
    pub method: Method,
    /// Names and values of options.
    pub options: Vec<(String, String)>,
}

impl Rule {
    /// The value of an option.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The map for the names of the system's users.
    pub fn map(&self) -> Option<&str> {
        self.option("map")
    }
}

/// The rules of a file, in order.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Rules {
    /// The rules.
    pub rules: Vec<Rule>,
}

impl Rules {
    /// Reads a file. Errors: every bad line, or that there is none at all.
    pub fn read(files: &dyn Files, path: &Path) -> Result<Rules, Vec<Error>> {
        let text = match files.read(path) {
            Ok(text) => text,
            Err(error) => {
                let what = format!("open configuration file \"{}\"", path.display());
                return Err(vec![Error::io(what, &error).severity(report::Severity::Log)]);
            }
        };
        Rules::parse(files, path, &text)
    }

    /// Reads a file's text.
    pub fn parse(files: &dyn Files, path: &Path, text: &str) -> Result<Rules, Vec<Error>> {
        let (mut rules, mut problems) = (Vec::new(), Vec::new());
        for line in lines(files, path, text) {
            match parse_line(&line) {
                Ok(rule) => rules.push(rule),
                Err(bad) => problems.push(bad.report(path, line.number)),
            }
        }
        if rules.is_empty() && problems.is_empty() {
            let message = format!("configuration file \"{}\" contains no entries", path.display());
            let code = report::SqlState::CONFIG_FILE_ERROR;
            problems.push(Error::with_severity(report::Severity::Log, code, message));
        }
        if problems.is_empty() { Ok(Rules { rules }) } else { Err(problems) }
    }
}

/// What is wrong with a line.
struct Bad {
    message: String,
    hint: Option<&'static str>,
}

impl Bad {
    fn new(message: impl Into<String>) -> Bad {
        Bad { message: message.into(), hint: None }
    }

    fn hint(self, hint: &'static str) -> Bad {
        Bad { hint: Some(hint), ..self }
    }

    fn report(self, path: &Path, line: u32) -> Error {
        let error = problem(self.message, path, line);
        match self.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// The fields of a line, from left to right.
struct Fields<'a>(std::slice::Iter<'a, Vec<Token>>);

impl<'a> Fields<'a> {
    fn list(&mut self, before: &str) -> Result<&'a [Token], Bad> {
        self.0.next().map(Vec::as_slice).ok_or_else(|| Bad::new(format!("end-of-line before {before}")))
    }

    fn one(&mut self, before: &str, what: &str, hint: Option<&'static str>) -> Result<&'a Token, Bad> {
        let tokens = self.list(before)?;
        if tokens.len() == 1 {
            return Ok(&tokens[0]);
        }
        Err(Bad { message: format!("multiple values specified for {what}"), hint })
    }
}

fn parse_line(line: &Line) -> Result<Rule, Bad> {
    if let Some(error) = &line.error {
        return Err(Bad::new(error.clone()));
    }
    let mut fields = Fields(line.fields.iter());
    let one_type = Some("Specify exactly one connection type per line.");
    let kind = parse_kind(fields.one("connection type", "connection type", one_type)?)?;
    let databases = fields.list("database specification")?.to_vec();
    let roles = fields.list("role specification")?.to_vec();
    let addresses = match kind {
        ConnectionKind::Local => Addresses::All,
        _ => parse_addresses(&mut fields)?,
    };
    let one_method = Some("Specify exactly one authentication type per line.");
    let method = fields.one("authentication method", "authentication type", one_method)?;
    let method = parse_method(method, kind)?;
    let options = parse_options(fields.0.flatten(), kind)?;
    Ok(Rule { line: line.number, raw: line.raw.clone(), kind, databases, roles, addresses, method, options })
}

fn parse_kind(token: &Token) -> Result<ConnectionKind, Bad> {
    use ConnectionKind::*;
    let kinds = [Local, Host, HostTls, HostNoTls, HostGss, HostNoGss];
    match kinds.into_iter().find(|kind| kind.as_str() == token.text) {
        Some(HostGss) => Err(Bad::new("hostgssenc record cannot match because GSSAPI is not supported by this build")),
        Some(kind) => Ok(kind),
        None => Err(Bad::new(format!("invalid connection type \"{}\"", token.text))),
    }
}

fn parse_addresses(fields: &mut Fields<'_>) -> Result<Addresses, Bad> {
    let one_range = Some("Specify one address range per line.");
    let token = fields.one("IP address specification", "host address", one_range)?;
    match token.text.as_str() {
        "all" if !token.quoted => return Ok(Addresses::All),
        "samehost" if !token.quoted => return Ok(Addresses::SameHost),
        "samenet" if !token.quoted => return Ok(Addresses::SameNet),
        _ => {}
    }
    let (text, bits) = match token.text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (token.text.as_str(), None),
    };
    let Ok(address) = text.parse::<IpAddr>() else {
        return match bits {
            Some(_) => Err(Bad::new(format!("specifying both host name and CIDR mask is invalid: \"{}\"", token.text))),
            None => Ok(Addresses::Name(token.text.clone())),
        };
    };
    let mask = match bits {
        Some(bits) => prefix_mask(address, bits)
            .ok_or_else(|| Bad::new(format!("invalid CIDR mask in address \"{}\"", token.text)))?,
        None => parse_mask(fields, address)?,
    };
    Ok(Addresses::Masked(address, mask))
}

fn parse_mask(fields: &mut Fields<'_>, address: IpAddr) -> Result<IpAddr, Bad> {
    let hint = "Specify an address range in CIDR notation, or provide a separate netmask.";
    let Some(tokens) = fields.0.next() else {
        return Err(Bad::new("end-of-line before netmask specification").hint(hint));
    };
    let [token] = tokens.as_slice() else { return Err(Bad::new("multiple values specified for netmask")) };
    let Ok(mask) = token.text.parse::<IpAddr>() else {
        return Err(Bad::new(format!("invalid IP mask \"{}\": Name or service not known", token.text)));
    };
    if mask.is_ipv4() != address.is_ipv4() {
        return Err(Bad::new("IP address and mask do not match"));
    }
    Ok(mask)
}

fn prefix_mask(address: IpAddr, bits: &str) -> Option<IpAddr> {
    let bits: u32 = bits.parse().ok()?;
    match address {
        IpAddr::V4(_) if bits <= 32 => Some(IpAddr::V4(u32::MAX.checked_shl(32 - bits).unwrap_or(0).into())),
        IpAddr::V6(_) if bits <= 128 => Some(IpAddr::V6(u128::MAX.checked_shl(128 - bits).unwrap_or(0).into())),
        _ => None,
    }
}

fn parse_method(token: &Token, kind: ConnectionKind) -> Result<Method, Bad> {
    let known = METHODS.iter().find(|(name, _)| *name == token.text);
    match known {
        // On a Unix-domain socket the kernel knows who is there; nobody needs to be asked.
        Some((_, Some(Method::Ident))) if kind == ConnectionKind::Local => Ok(Method::Peer),
        Some((_, Some(Method::Peer))) if kind != ConnectionKind::Local => {
            Err(Bad::new("peer authentication is only supported on local sockets"))
        }
        Some((_, Some(Method::Cert))) if kind != ConnectionKind::HostTls => {
            Err(Bad::new("cert authentication is only supported on hostssl connections"))
        }
        Some((_, Some(method))) => Ok(*method),
        Some(_) => Err(unsupported(&token.text)),
        None if token.text == "bsd" => Err(unsupported(&token.text)),
        None => Err(Bad::new(format!("invalid authentication method \"{}\"", token.text))),
    }
}

fn unsupported(method: &str) -> Bad {
    Bad::new(format!("invalid authentication method \"{method}\": not supported by this build"))
}

fn parse_options<'a>(
    tokens: impl Iterator<Item = &'a Token>,
    kind: ConnectionKind,
) -> Result<Vec<(String, String)>, Bad> {
    let mut options = Vec::new();
    for token in tokens {
        let Some((name, value)) = token.text.split_once('=') else {
            return Err(Bad::new(format!("authentication option not in name=value format: {}", token.text)));
        };
        if !OPTIONS.contains(&name) {
            return Err(Bad::new(format!("unrecognized authentication option name: \"{name}\"")));
        }
        if matches!(name, "clientcert" | "clientname") && kind != ConnectionKind::HostTls {
            return Err(Bad::new(format!("{name} can only be configured for \"hostssl\" rows")));
        }
        options.push((name.to_owned(), value.to_owned()));
    }
    Ok(options)
}

/// A row of `pg_hba_file_rules`.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the fields are the view's columns")]
pub struct RuleRow {
    pub line_number: i32,
    pub kind: Option<&'static str>,
    pub database: Option<Vec<String>>,
    pub user_name: Option<Vec<String>>,
    pub address: Option<String>,
    pub netmask: Option<String>,
    pub auth_method: Option<&'static str>,
    pub options: Option<Vec<String>>,
    pub error: Option<String>,
}

/// The rows of the view, for the file as it is now.
pub(super) fn rows(files: &dyn Files, path: &Path) -> Vec<RuleRow> {
    let Ok(text) = files.read(path) else { return Vec::new() };
    lines(files, path, &text)
        .iter()
        .map(|line| match parse_line(line) {
            Ok(rule) => good_row(&rule),
            Err(bad) => bad_row(line.number, bad.message),
        })
        .collect()
}

fn good_row(rule: &Rule) -> RuleRow {
    let texts = |tokens: &[Token]| Some(tokens.iter().map(|t| t.text.clone()).collect());
    let (address, netmask) = match &rule.addresses {
        _ if rule.kind == ConnectionKind::Local => (None, None),
        Addresses::All => (Some("all".to_owned()), None),
        Addresses::SameHost => (Some("samehost".to_owned()), None),
        Addresses::SameNet => (Some("samenet".to_owned()), None),
        Addresses::Masked(address, mask) => (Some(address.to_string()), Some(mask.to_string())),
        Addresses::Name(name) => (Some(name.clone()), None),
    };
    let options: Vec<String> = rule.options.iter().map(|(name, value)| format!("{name}={value}")).collect();
    RuleRow {
        line_number: i32::try_from(rule.line).unwrap_or(i32::MAX),
        kind: Some(rule.kind.as_str()),
        database: texts(&rule.databases),
        user_name: texts(&rule.roles),
        address,
        netmask,
        auth_method: Some(rule.method.as_str()),
        options: (!options.is_empty()).then_some(options),
        error: None,
    }
}

fn bad_row(line: u32, error: String) -> RuleRow {
    RuleRow {
        line_number: i32::try_from(line).unwrap_or(i32::MAX),
        kind: None,
        database: None,
        user_name: None,
        address: None,
        netmask: None,
        auth_method: None,
        options: None,
        error: Some(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::tests::FakeFiles;

    fn parse(text: &str) -> Result<Rules, Vec<String>> {
        let files = FakeFiles::with(&[]);
        Rules::parse(&*files, Path::new("/d/pg_hba.conf"), text)
            .map_err(|problems| problems.iter().map(|p| p.message().to_owned()).collect())
    }

    #[test]
    fn reads_every_kind_of_line() {
        let rules = parse(
            "local all all trust\n\
             host sameuser,db \"+x\",+staff 10.0.0.0/8 scram-sha-256\n\
             hostssl all all ::1/128 cert map=m clientcert=verify-full\n\
             host all all 192.168.0.1 255.255.0.0 md5\n\
             host all all .example.com reject\n\
             host all all samenet password\n\
             local all all ident map=x\n",
        )
        .unwrap()
        .rules;
        assert_eq!(rules.len(), 7);
        assert_eq!(rules[1].addresses, Addresses::Masked("10.0.0.0".parse().unwrap(), "255.0.0.0".parse().unwrap()));
        assert_eq!((rules[2].map(), rules[2].method), (Some("m"), Method::Cert));
        assert_eq!(rules[4].addresses, Addresses::Name(".example.com".into()));
        assert_eq!(rules[6].method, Method::Peer);
    }

    #[test]
    fn says_what_is_wrong() {
        for (line, message) in [
            ("remote all all trust", "invalid connection type \"remote\""),
            ("local,host all all trust", "multiple values specified for connection type"),
            ("local", "end-of-line before database specification"),
            ("local all", "end-of-line before role specification"),
            ("host all all", "end-of-line before IP address specification"),
            ("host all all 1.2.3.4", "end-of-line before netmask specification"),
            ("host all all 1.2.3.4/33 trust", "invalid CIDR mask in address \"1.2.3.4/33\""),
            ("host all all x.y/8 trust", "specifying both host name and CIDR mask is invalid: \"x.y/8\""),
            ("host all all 1.2.3.4 ::1 trust", "IP address and mask do not match"),
            ("local all all", "end-of-line before authentication method"),
            ("local all all magic", "invalid authentication method \"magic\""),
            ("local all all pam", "invalid authentication method \"pam\": not supported by this build"),
            ("host all all all peer", "peer authentication is only supported on local sockets"),
            ("local all all trust x", "authentication option not in name=value format: x"),
            ("local all all trust a=b", "unrecognized authentication option name: \"a\""),
            ("# nothing", "configuration file \"/d/pg_hba.conf\" contains no entries"),
        ] {
            assert_eq!(parse(line), Err(vec![message.to_owned()]), "{line}");
        }
    }

    #[test]
    fn a_prefix_of_no_bits_is_every_address() {
        assert_eq!(prefix_mask("1.2.3.4".parse().unwrap(), "0"), Some("0.0.0.0".parse().unwrap()));
        assert_eq!(prefix_mask("::1".parse().unwrap(), "0"), Some("::".parse().unwrap()));
    }
}
