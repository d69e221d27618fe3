//! Hosts and networks, as the rules of pg_hba.conf ask for them.

use config::hba::HostLookup;
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::SockaddrStorage;
use std::net::{IpAddr, ToSocketAddrs};

/// The machine's own network.
#[derive(Debug)]
pub struct Network;

impl HostLookup for Network {
    fn name_of(&self, address: IpAddr) -> Option<String> {
        host::net::host_name(address)
    }

    fn addresses_of(&self, name: &str) -> Vec<IpAddr> {
        (name, 0).to_socket_addrs().map_or_else(|_| Vec::new(), |found| found.map(|address| address.ip()).collect())
    }

    fn own_networks(&self) -> Vec<(IpAddr, IpAddr)> {
        let Ok(interfaces) = getifaddrs() else { return Vec::new() };
        interfaces.filter_map(|interface| Some((ip(&interface.address?)?, ip(&interface.netmask?)?))).collect()
    }
}

fn ip(address: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|a| IpAddr::V4(a.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|a| IpAddr::V6(a.ip())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_is_an_own_network() {
        let loopback = ("127.0.0.1".parse().unwrap(), "255.0.0.0".parse().unwrap());
        assert!(Network.own_networks().contains(&loopback));
    }
}
