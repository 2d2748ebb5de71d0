//! The server: connections, and the limits on what a client may cost.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use super::answer::answer;
use super::connections::{Connections, Guest};
use super::patience::Patient;
use super::site::Site;

/// How long a client may take for the head of a request, and be idle between two.
const HEAD_TIME: Duration = Duration::from_secs(10);

/// The most bytes of a request's head, and of what is gathered before it's sent.
const BUFFER: usize = 16 * 1024;

/// The most fields of a request. A browser sends some twenty.
const FIELDS: usize = 64;

/// How long no connection is taken after one that couldn't be.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until it's aborted.
pub async fn serve(listener: TcpListener, site: Arc<Site>) {
    let connections = Arc::new(Connections::default());
    loop {
        match listener.accept().await {
            Ok((stream, _)) => connections.take_in(|guest| {
                let site = Arc::clone(&site);
                tokio::spawn(converse(stream, site, guest)).abort_handle()
            }),
            // No descriptor may be left, or no memory. Whoever connects will try again.
            Err(_) => {
                connections.end_a_stranger();
                sleep(PAUSE).await;
            }
        }
    }
}

/// Answers the requests of a connection.
async fn converse(stream: TcpStream, site: Arc<Site>, guest: Guest) {
    let service = service_fn(|request| {
        let answer = answer(&request, &site, &guest);
        async { Ok::<_, Infallible>(answer) }
    });
    // Whether a client goes away or is at fault, nobody else is concerned.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(BUFFER)
        .max_headers(FIELDS)
        .serve_connection(Patient::new(stream), service)
        .await;
}
