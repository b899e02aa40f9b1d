//! How each method of the protocol is treated: a table that has to name every one.

/// How a call is let in and ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// A place among the calls; ended at the time limit.
    Call,
    /// A place among the calls; ended by the caller's deadline only.
    LongCall,
    /// A place among the ingest streams; ended by the caller's deadline only.
    Stream,
}

/// What the server knows of a method before it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Method {
    /// Its name in the log. A path that is not ours never reaches the log: anyone may write anything there.
    pub(crate) name: &'static str,
    pub(crate) lane: Lane,
    /// Whether its messages have the size limit of the ingest service.
    pub(crate) is_ingest: bool,
    /// Whether the client sends several messages.
    pub(crate) has_several: bool,
}

/// Before the service in the path of every method of the protocol.
const PACKAGE: &str = "/precedent.v1.";

const ONE: bool = false;
const SEVERAL: bool = true;

const METHODS: [(&str, Lane, bool); 16] = [
    ("SearchService/Search", Lane::Call, ONE),
    ("SearchService/BatchSearch", Lane::Call, ONE),
    ("SearchService/GetCase", Lane::Call, ONE),
    ("SearchService/BatchGetCases", Lane::Call, ONE),
    ("SearchService/GetThumbnail", Lane::Call, ONE),
    ("SearchService/ListCases", Lane::Call, ONE),
    ("IngestService/IngestCases", Lane::Stream, SEVERAL),
    ("IngestService/DeleteCases", Lane::Call, ONE),
    ("EncodeService/EncodeImage", Lane::Call, SEVERAL),
    ("EncodeService/EncodeText", Lane::Call, ONE),
    ("IndexService/ListIndexes", Lane::Call, ONE),
    ("IndexService/GetIndexStats", Lane::Call, ONE),
    ("IndexService/VerifyIndex", Lane::LongCall, ONE),
    ("IndexService/MergeIndex", Lane::LongCall, ONE),
    ("ReportService/ListFindings", Lane::Call, ONE),
    ("ReportService/ReadReport", Lane::Call, ONE),
];

/// What a path stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// A method of the protocol.
    Method(Method),
    /// A path of the protocol's package without an entry in the table: refused, as nothing would bound it.
    Unlisted,
    /// Health and reflection, and what no service answers.
    Other,
}

/// What is known of the method at `path`.
pub(crate) fn method(path: &str) -> Known {
    let Some(rest) = path.strip_prefix(PACKAGE) else { return Known::Other };
    let Some(&(method, lane, has_several)) = METHODS.iter().find(|(method, ..)| *method == rest) else {
        return Known::Unlisted;
    };
    let (service, name) = method.split_once('/').unwrap_or_default();
    Known::Method(Method { name, lane, is_ingest: service == "IngestService", has_several })
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_wire::FILE_DESCRIPTOR_SET;
    use prost::Message;
    use prost_types::FileDescriptorSet;

    fn methods_of_the_protocol() -> Vec<(String, bool)> {
        let protocol = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
        let mut methods = Vec::new();
        for file in protocol.file.iter().filter(|file| file.package().starts_with("precedent.")) {
            for service in &file.service {
                let path = |method: &str| format!("/{}.{}/{method}", file.package(), service.name());
                let found = service.method.iter();
                methods.extend(found.map(|method| (path(method.name()), method.client_streaming())));
            }
        }
        methods.sort();
        methods
    }

    #[test]
    fn every_method_of_the_protocol_has_a_rule_and_every_rule_a_method() {
        let mut listed: Vec<_> =
            METHODS.iter().map(|(method, _, several)| (format!("{PACKAGE}{method}"), *several)).collect();
        listed.sort();
        assert_eq!(
            methods_of_the_protocol(),
            listed,
            "a method without a rule would be refused; give it one"
        );
    }

    #[test]
    fn names_and_limits_come_from_the_path() {
        let found = |path: &str| match method(path) {
            Known::Method(method) => Ok((method.name, method.lane, method.is_ingest)),
            other => Err(other),
        };
        assert_eq!(found("/precedent.v1.SearchService/Search"), Ok(("Search", Lane::Call, false)));
        assert_eq!(found("/precedent.v1.IngestService/IngestCases"), Ok(("IngestCases", Lane::Stream, true)));
        assert_eq!(found("/precedent.v1.SearchService/Forgotten"), Err(Known::Unlisted));
        assert_eq!(found("/grpc.health.v1.Health/Check"), Err(Known::Other));
    }
}
