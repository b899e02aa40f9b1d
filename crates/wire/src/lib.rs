//! Code generated from the protocol in proto.
