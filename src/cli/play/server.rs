//! The server: connections, and the limits on what a client may cost.

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::yield_now;
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

/// How long no connection is taken after one that couldn't be, and how long one has to show the
/// token before it makes room for that.
const PAUSE: Duration = Duration::from_millis(100);

/// The most connections that wait until they are taken. With as few as usual, a crowd would
/// make everybody wait for a second.
const WAITING: u32 = 1024;

/// Listens on this machine alone. Port 0 is a free one.
pub fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // What is left of an earlier server's connections doesn't hold the port. On Windows, this
    // would share it.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    socket.listen(WAITING)
}

/// Serves until it's aborted. If nobody at all can be served, it says why, once.
pub async fn serve(listener: TcpListener, site: Arc<Site>, say: impl FnOnce(io::Error)) {
    let connections = Arc::new(Connections::default());
    let mut say = Some(say);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => connections.take_in(|guest| {
                let site = Arc::clone(&site);
                tokio::spawn(converse(stream, site, guest)).abort_handle()
            }),
            // No descriptor may be left, or no memory. That shows before somebody connects, and
            // so right after the last one has. Who connects waits until another one ends.
            Err(_) if connections.end_a_stranger(PAUSE) => yield_now().await,
            Err(error) => {
                if connections.are_none()
                    && let Some(say) = say.take()
                {
                    say(error);
                }
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
