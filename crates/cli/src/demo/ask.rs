//! The searches of the demonstration, over gRPC as any client asks.

use crate::answer_page;
use crate::demo::hit::Told;
use crate::demo::sheet::{self, Tile};
use crate::demo::summary;
use crate::exit::Failure;
use crate::output::{count, printable, stdout, wrap};
use precedent_model::GreyImage;
use precedent_page::Pictures;
use precedent_report::{Lexicon, ReportReader};
use precedent_wire::v1;
use precedent_wire::v1::search_service_client::SearchServiceClient;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};
use tonic::Code;
use tonic::transport::Channel;

/// Hits that are printed, and shown side by side.
const HITS: u32 = 5;
/// How long the service may take to answer its first call.
const CONNECT: Duration = Duration::from_secs(10);
/// What the demonstration asks for in words.
pub const TEXT: &str = "pleural effusion and enlarged heart";
/// What it asks for by filter.
pub const FILTER: &str = "finding:\"pleural effusion\" AND age >= 60";

/// The query film.
pub struct Query {
    /// Its file, below the folder of the query.
    pub name: String,
    pub film: GreyImage,
    /// The file whole, as a client sends it.
    pub content: Vec<u8>,
    /// What is truly there.
    pub truth: Vec<String>,
}

/// A search with its answer.
pub struct Answered {
    pub request: v1::SearchRequest,
    pub answer: v1::SearchResponse,
}

/// A connection to the service, and what its answers are read with.
pub struct Asking {
    client: SearchServiceClient<Channel>,
    reader: ReportReader,
}

impl Asking {
    /// Connects to a service on this machine.
    pub async fn connect(address: SocketAddr) -> Result<Self, Failure> {
        let endpoint = Channel::from_shared(format!("http://{address}")).map_err(Failure::other)?;
        let channel = endpoint.connect_timeout(CONNECT).connect().await.map_err(Failure::other)?;
        Ok(Self { client: SearchServiceClient::new(channel), reader: ReportReader::new(Lexicon::bundled()) })
    }

    /// By image, by text, by both with a filter; gives the first.
    pub async fn ask_all(&mut self, query: &Query) -> Result<Answered, Failure> {
        let images = || vec![v1::QueryImage { content: query.content.clone(), view: String::new() }];
        let evidence = Some(v1::EvidenceRequest { with_maps: true, ..v1::EvidenceRequest::default() });
        let by_image = v1::SearchRequest { images: images(), evidence, ..v1::SearchRequest::default() };
        let answered = self.ask("by image: the film alone", by_image).await?;
        let by_text = v1::SearchRequest { text: TEXT.into(), ..v1::SearchRequest::default() };
        self.ask(&format!("by text: {TEXT}"), by_text).await?;
        let by_both = v1::SearchRequest {
            images: images(),
            text: TEXT.into(),
            filter: FILTER.into(),
            ..v1::SearchRequest::default()
        };
        self.ask(&format!("by both, where {FILTER}"), by_both).await?;
        Ok(answered)
    }

    /// Asks and prints.
    async fn ask(&mut self, title: &str, request: v1::SearchRequest) -> Result<Answered, Failure> {
        // A film names its patient in its header. Who asks by words alone says it, here a name that nobody in the archive has.
        let patient = v1::PatientKey { id: "DEMO-QUERY".into(), issuer: String::new() };
        let patient = request.images.is_empty().then_some(patient);
        let guards = Some(v1::Guards { patient, ..v1::Guards::default() });
        let request = v1::SearchRequest { guards, limit: Some(HITS), ..request };
        let began = Instant::now();
        let refused =
            |status: tonic::Status| Failure::other(format!("the search failed: {}", status.message()));
        let answer = self.client.search(request.clone()).await.map_err(refused)?.into_inner();
        let took = began.elapsed().as_secs_f64() * 1e3;
        let plan = answer.plan.clone().unwrap_or_default();
        let mut out = stdout();
        writeln!(out, "\n{title}")?;
        let (matches, cases) = (count(plan.match_count), count(plan.case_count));
        writeln!(
            out,
            "      {matches} of {cases} cases match; {took:.0} ms, encoding and transport included\n"
        )?;
        for hit in &answer.hits {
            Told::of(hit, &self.reader).print(&mut out)?;
        }
        summary::print(&mut out, &answer)?;
        for warning in &plan.warnings {
            for line in wrap(&format!("note: {}", warning.message), 96) {
                writeln!(out, "      {line}")?;
            }
        }
        Ok(Answered { request, answer })
    }

    /// An answer as a page, with the pictures that the service has.
    pub async fn page(&mut self, answered: &Answered) -> Result<String, Failure> {
        let Answered { request, answer } = answered;
        let mut pictures = Pictures::default();
        for (case_id, image_index) in Pictures::wanted(answer) {
            let index = String::new();
            let wanted = v1::GetThumbnailRequest { index, case_id: case_id.clone(), image_index };
            match self.client.get_thumbnail(wanted).await {
                Ok(small) => pictures.add(case_id, image_index, small.into_inner().into()),
                // An archive of an earlier version keeps none.
                Err(status) if status.code() == Code::NotFound => {}
                Err(status) => {
                    return Err(Failure::other(format!("a picture did not come: {}", status.message())));
                }
            }
        }
        Ok(answer_page::html(request, answer, &pictures))
    }

    /// The film that was asked with and the films that came, as one PNG.
    pub fn sheet(
        &self,
        query: &Query,
        hits: &[v1::Hit],
        archive: &Path,
        notice: &str,
    ) -> Result<Vec<u8>, Failure> {
        let films: Vec<Option<GreyImage>> = hits.iter().map(|hit| film(hit, archive)).collect();
        let tiles: Vec<Tile<'_>> = (hits.iter().zip(&films))
            .map(|(hit, film)| {
                let told = Told::of(hit, &self.reader);
                let findings = match told.findings.is_empty() {
                    true => "no finding".to_owned(),
                    false => told.findings.join(", "),
                };
                // Without the rank, which stands in front.
                let nearness =
                    told.scores.first().map_or("", |score| score.split(" (").next().unwrap_or(score));
                let title = format!("{}  {}  {nearness}", told.rank, told.case_id);
                Tile { film: film.as_ref(), title, lines: vec![told.facts.join("  "), findings] }
            })
            .collect();
        let asked = Tile {
            film: Some(&query.film),
            title: "query".to_owned(),
            lines: vec![printable(&query.name), format!("it shows: {}", query.truth.join(", "))],
        };
        sheet::draw(&asked, &tiles, notice).map_err(Failure::other)
    }
}

/// The film of a hit that was nearest, or `None` where it cannot be shown.
fn film(hit: &v1::Hit, archive: &Path) -> Option<GreyImage> {
    let nearest = hit.image.as_ref().map_or(0, |score| score.image_index as usize);
    let name = &hit.case.as_ref()?.images.get(nearest)?.name;
    let bytes = std::fs::read(archive.join(name)).ok()?;
    Some(precedent_imaging::decode(&bytes).ok()?.image)
}
