//! Page tokens: where the next page begins, in which generation, and of which request.

use precedent_convert::hex;
use sha2::{Digest, Sha256};

const VERSION: u8 = 1;
const GENERATION: usize = 1;
const OFFSET: usize = GENERATION + 8;
const DIGEST: usize = OFFSET + 4;
const CHECKSUM: usize = DIGEST + 32;
const LENGTH: usize = CHECKSUM + 8;

/// Where the next page begins. As text: the hexadecimal digits of version (1 byte), generation (8, little endian),
/// offset (4, little endian), request digest (32), and the first 8 bytes of the SHA-256 of all these. The checksum
/// tells accidents, not attacks: a token opens nothing that the request itself would not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageToken {
    /// The generation that the first page was answered from.
    pub(crate) generation: u64,
    /// Hits on the pages before.
    pub(crate) offset: u32,
    /// Of the request without token and page size, see [`precedent_convert::request::digest`].
    pub(crate) digest: [u8; 32],
}

impl PageToken {
    /// The token as it travels.
    pub(crate) fn encode(&self) -> String {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.push(VERSION);
        bytes.extend(self.generation.to_le_bytes());
        bytes.extend(self.offset.to_le_bytes());
        bytes.extend(self.digest);
        bytes.extend(checksum(&bytes));
        hex::encode(&bytes)
    }

    /// Reads a token; `None` for text that is none.
    pub(crate) fn decode(text: &str) -> Option<Self> {
        if text.len() != 2 * LENGTH {
            return None;
        }
        let bytes = hex::decode(text)?;
        let (payload, found) = bytes.split_at_checked(CHECKSUM)?;
        if payload.first() != Some(&VERSION) || checksum(payload) != found {
            return None;
        }
        Some(Self {
            generation: u64::from_le_bytes(payload.get(GENERATION..OFFSET)?.try_into().ok()?),
            offset: u32::from_le_bytes(payload.get(OFFSET..DIGEST)?.try_into().ok()?),
            digest: payload.get(DIGEST..)?.try_into().ok()?,
        })
    }
}

fn checksum(payload: &[u8]) -> [u8; 8] {
    let mut first = [0; 8];
    first.copy_from_slice(&Sha256::digest(payload)[..8]);
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn tokens_round_trip(generation: u64, offset: u32, digest: [u8; 32]) {
            let token = PageToken { generation, offset, digest };
            prop_assert_eq!(PageToken::decode(&token.encode()), Some(token));
        }

        #[test]
        fn a_changed_digit_is_noticed(generation: u64, offset: u32, at in 0..2 * LENGTH, digit in "[0-9a-f]") {
            let text = PageToken { generation, offset, digest: [7; 32] }.encode();
            let mut changed = text.clone();
            changed.replace_range(at..=at, &digit);
            prop_assume!(changed != text);
            prop_assert_eq!(PageToken::decode(&changed), None);
        }

        #[test]
        fn no_other_text_is_a_token(text in ".{0,120}") {
            prop_assert_eq!(PageToken::decode(&text), None);
        }
    }

    #[test]
    fn shortened_and_lengthened_tokens_are_refused() {
        let text = PageToken { generation: 9, offset: 20, digest: [1; 32] }.encode();
        assert_eq!(PageToken::decode(&text[2..]), None);
        assert_eq!(PageToken::decode(&format!("{text}00")), None);
        assert_eq!(PageToken::decode(&text.to_uppercase()), None);
    }
}
