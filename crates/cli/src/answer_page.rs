//! An answer as a page, with the pictures that it is shown with.

use crate::exit::Failure;
use precedent_convert as convert;
use precedent_engine::View;
use precedent_model::{CaseId, MAX_THUMBNAIL_SIDE};
use precedent_page::{Page, Picture, Pictures};
use precedent_wire::v1;

/// The page of an answer that a view gave.
pub fn of_view(
    request: &v1::SearchRequest,
    answer: &v1::SearchResponse,
    view: &View,
) -> Result<String, Failure> {
    let mut pictures = Pictures::default();
    for (case_id, image) in Pictures::wanted(answer) {
        let id = CaseId::new(&case_id).map_err(Failure::other)?;
        if let Some(kept) = view.thumbnail(&id, image as usize)? {
            pictures.add(case_id, image, convert::case::thumbnail(kept, view.generation()).into());
        }
    }
    Ok(html(request, answer, &pictures))
}

/// The page of an answer. Pictures of the query are made of the files in the request.
pub fn html(request: &v1::SearchRequest, answer: &v1::SearchResponse, pictures: &Pictures) -> String {
    let query: Vec<Option<Picture>> = request.images.iter().map(|image| picture(&image.content)).collect();
    Page { request, answer, query: &query, pictures }.html()
}

/// `None` for a file that cannot be read, which no search answers.
fn picture(content: &[u8]) -> Option<Picture> {
    let decoded = precedent_imaging::decode(content).ok()?;
    precedent_imaging::thumbnail(&decoded.image, MAX_THUMBNAIL_SIDE).map(Picture::from)
}
