//! ReportService: the lexicon, and how it reads a report.

use crate::call::{Call, Workers};
use crate::registry::Registry;
use crate::status;
use precedent_convert as convert;
use precedent_wire::v1;
use precedent_wire::v1::report_service_server::ReportService;
use prost::Message;
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// The service.
#[derive(Debug)]
pub(crate) struct Reports {
    pub(crate) registry: Arc<Registry>,
    pub(crate) workers: Workers,
    pub(crate) response_bytes: usize,
}

#[tonic::async_trait]
impl ReportService for Reports {
    async fn list_findings(
        &self,
        request: Request<v1::ListFindingsRequest>,
    ) -> Result<Response<v1::ListFindingsResponse>, Status> {
        let call = Call::of(&request)?;
        let served = self.registry.resolve(&request.get_ref().index)?.clone();
        let look = || Ok(convert::report::findings(served.engine().view().reader().lexicon()));
        Ok(Response::new(self.workers.look(&call, look)?))
    }

    async fn read_report(
        &self,
        request: Request<v1::ReadReportRequest>,
    ) -> Result<Response<v1::ReadReportResponse>, Status> {
        let call = Call::of(&request)?;
        let wire = request.into_inner();
        let served = self.registry.resolve(&wire.index)?.clone();
        let limit = self.response_bytes;
        // A report has at most 1 MiB, and what is read of it grows with its text: some ten times as much.
        let read = move |_stop: &dyn Fn() -> bool| {
            let report = convert::report::from_wire(wire.report).map_err(status::invalid)?;
            let view = served.engine().view();
            let reading = view.reader().read(&report);
            let answer = convert::report::reading(&report, &reading, view.reader().lexicon());
            if answer.encoded_len() > limit { Err(status::response_too_large(limit)) } else { Ok(answer) }
        };
        Ok(Response::new(self.workers.search(call, read).await?))
    }
}
