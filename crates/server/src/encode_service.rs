//! EncodeService: pictures and words in, embeddings out.

use crate::call::{Call, Workers};
use crate::registry::{Registry, Served};
use crate::status;
use precedent_convert as convert;
use precedent_engine::MAX_CASE_FILE_BYTES;
use precedent_wire::v1;
use precedent_wire::v1::encode_service_server::EncodeService;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status, Streaming};

/// The service.
#[derive(Debug)]
pub(crate) struct Encodes {
    pub(crate) registry: Arc<Registry>,
    pub(crate) workers: Workers,
    /// Places for files that are put together of several messages.
    pub(crate) uploads: Arc<Semaphore>,
}

#[tonic::async_trait]
impl EncodeService for Encodes {
    async fn encode_image(
        &self,
        request: Request<Streaming<v1::EncodeImageRequest>>,
    ) -> Result<Response<v1::EncodeImageResponse>, Status> {
        let call = Call::of(&request)?;
        let mut inbound = request.into_inner();
        let Some(first) = inbound.message().await? else {
            return Err(status::invalid_field(
                "content",
                "is missing; send the file in one or several messages",
            ));
        };
        let served = self.registry.resolve(&first.index)?.clone();
        let place = Arc::clone(&self.uploads).acquire_owned().await.map_err(|_| status::shutting_down())?;
        let mut content = first.content;
        call.keep_received(content.len());
        while let Some(next) = inbound.message().await? {
            append(&mut content, next, &served)?;
            call.keep_received(content.len());
        }
        let encode = move || {
            let _place = place;
            let engine = served.engine();
            let encoded =
                engine.encode_image(&content).map_err(|error| status::from_engine(&error, served.name()))?;
            Ok(convert::encode::image(encoded, engine.notice(), first.with_patches))
        };
        Ok(Response::new(self.workers.encode(call, encode).await?))
    }

    async fn encode_text(
        &self,
        request: Request<v1::EncodeTextRequest>,
    ) -> Result<Response<v1::EncodeTextResponse>, Status> {
        let call = Call::of(&request)?;
        let wire = request.into_inner();
        let served = self.registry.resolve(&wire.index)?.clone();
        let encode = move || {
            let engine = served.engine();
            let encoded =
                engine.encode_text(&wire.text).map_err(|error| status::from_engine(&error, served.name()))?;
            Ok(convert::encode::text(encoded, engine.notice()))
        };
        Ok(Response::new(self.workers.encode(call, encode).await?))
    }
}

/// Puts the next part behind the file.
fn append(content: &mut Vec<u8>, next: v1::EncodeImageRequest, served: &Served) -> Result<(), Status> {
    if !next.index.is_empty() && next.index != served.name() {
        let description = "is not the index of the first message; encode for it in another call";
        return Err(status::invalid_field("index", description));
    }
    if content.len() + next.content.len() > MAX_CASE_FILE_BYTES {
        let description = format!("has more than {MAX_CASE_FILE_BYTES} bytes, which is the limit of a file");
        return Err(status::invalid_field("content", &description));
    }
    content.extend_from_slice(&next.content);
    Ok(())
}
