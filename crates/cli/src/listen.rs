//! The address to listen on, as a person writes it.

use std::net::{SocketAddr, ToSocketAddrs};

/// Reads `127.0.0.1:50051`, `[::1]:50051` or a name such as `localhost:50051`. Of several addresses of a name one of this
/// machine alone goes first, and of those one of IPv4, which most clients try first.
///
/// # Errors
/// No host and port, or a name that nobody knows, in words.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let found = text.to_socket_addrs().map_err(|error| {
        format!("is no address ({error}); give host and port, such as 127.0.0.1:50051 or localhost:50051")
    })?;
    let rank = |address: &SocketAddr| (!address.ip().is_loopback(), address.is_ipv6());
    found.min_by_key(rank).ok_or_else(|| "names a host without an address; give 127.0.0.1:50051".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_addresses() {
        for text in ["127.0.0.1:50051", "[::1]:0"] {
            assert_eq!(address(text).unwrap().to_string(), text);
        }
        let local = address("localhost:50051").unwrap();
        assert!(local.ip().is_loopback() && local.port() == 50051);
        for text in ["", "localhost", "50051", "localhost:70000", "127.0.0.1"] {
            assert!(address(text).unwrap_err().contains("such as 127.0.0.1:50051"), "{text}");
        }
    }
}
