//! Later pages come from the generation of the first, however many generations follow.

use crate::support::*;
use precedent_server::ServerConfig;
use precedent_wire::v1;

#[tokio::test(flavor = "multi_thread")]
async fn a_page_token_outlives_many_commits() {
    let server = serve(30, 10, ServerConfig::default()).await;
    let mut client = server.searches().await;
    let asked = v1::SearchRequest { limit: Some(30), page_size: Some(10), ..by_vector(3) };
    let first = client.search(asked.clone()).await.unwrap().into_inner();
    for number in 0..40 {
        server.engine.ingest(vec![case(1000 + number, "Opacity.")]).unwrap();
        server.engine.commit().unwrap();
        // Searches in between used to drive the generation out.
        client.search(by_vector(number)).await.unwrap();
    }
    let next = v1::SearchRequest { page_token: first.next_page_token, ..asked };
    let second = client.search(next).await.unwrap().into_inner();
    assert_eq!(second.record.unwrap().generation, first.record.unwrap().generation);
    assert_eq!(second.hits[0].rank, 11);
}
