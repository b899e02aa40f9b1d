//! Pictures that go into the page.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use precedent_model::Thumbnail;
use precedent_wire::v1;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A grey JPEG picture of an image.
#[derive(Clone, PartialEq)]
pub struct Picture {
    jpeg: Vec<u8>,
    width: u32,
    height: u32,
    grid: Option<v1::ImageGrid>,
}

impl Picture {
    /// The file, as an address that holds it.
    pub(crate) fn address(&self) -> String {
        format!("data:image/jpeg;base64,{}", STANDARD.encode(&self.jpeg))
    }

    /// Pixels across and down.
    pub(crate) fn size(&self) -> (f64, f64) {
        (self.width.into(), self.height.into())
    }

    /// The cells of the original image.
    pub(crate) fn grid(&self) -> Option<&v1::ImageGrid> {
        self.grid.as_ref()
    }
}

impl From<Thumbnail> for Picture {
    fn from(small: Thumbnail) -> Self {
        let (width, height) = (small.width(), small.height());
        Self { jpeg: small.into_jpeg(), width, height, grid: None }
    }
}

impl From<v1::GetThumbnailResponse> for Picture {
    fn from(small: v1::GetThumbnailResponse) -> Self {
        let v1::GetThumbnailResponse { jpeg, width_pixels, height_pixels, grid, .. } = small;
        Self { jpeg, width: width_pixels, height: height_pixels, grid }
    }
}

/// It shows a patient.
impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({} x {}, hidden)", self.width, self.height)
    }
}

/// Pictures of the images of cases.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pictures(BTreeMap<(String, u32), Picture>);

impl Pictures {
    /// The images of which the page shows pictures, by case id and index.
    pub fn wanted(answer: &v1::SearchResponse) -> BTreeSet<(String, u32)> {
        let dissent = answer.dissent.as_ref();
        let against = dissent.iter().flat_map(|dissent| {
            let leading = dissent.leading.iter().flat_map(|against| &against.cases);
            leading.chain(&dissent.normal)
        });
        let all = answer.hits.iter().chain(against);
        all.filter_map(|hit| Some((hit.case.as_ref()?, hit)))
            .flat_map(|(case, hit)| images(hit).into_iter().map(|image| (case.case_id.clone(), image)))
            .collect()
    }

    /// Adds the picture of an image of a case.
    pub fn add(&mut self, case_id: String, image: u32, picture: Picture) {
        self.0.insert((case_id, image), picture);
    }

    pub(crate) fn get(&self, case_id: &str, image: u32) -> Option<&Picture> {
        self.0.get(&(case_id.to_owned(), image))
    }
}

/// The images of a hit that the answer speaks of: the one that was nearest, and those in which a sentence fits.
pub(crate) fn images(hit: &v1::Hit) -> BTreeSet<u32> {
    let nearest = hit.image.as_ref().map(|score| score.image_index);
    let of_sentences = hit.evidence.iter().filter_map(|found| Some(found.prior.as_ref()?.image_index));
    nearest.into_iter().chain(of_sentences).collect()
}
