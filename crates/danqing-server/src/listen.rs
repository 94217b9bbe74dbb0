//! From options to a server that runs until it is told to stop, and stops without losing anything.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use danqing_capability::{CancelToken, Failure};
use danqing_jobs::Studio;
use danqing_jobs::queue::{Happening, JobQueue, QueueEvent};
use futures_util::future::{Either, select};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower_service::Service;

use crate::options::Error;
use crate::{App, ServerOptions, logs, routes};

/// How often the token is looked at.
const INTERVAL: Duration = Duration::from_millis(50);
/// How long requests may go on once the server ends.
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections at once; the next ones wait.
const CONNECTIONS: usize = 512;
/// Memory for the headers of a request, and for what is read ahead.
const HEADER_BYTES: usize = 64 << 10;

/// Serves until `cancel` is triggered: then no new request is taken, what runs is queued again, and answers under way
/// are finished. `ready` hears the address once it can be reached.
///
/// # Errors
/// Options that would let strangers in, an address that is taken, a data folder in use, what the disk says.
pub fn serve(
    studio: Studio,
    options: ServerOptions,
    cancel: &CancelToken,
    ready: impl FnOnce(SocketAddr),
) -> Result<(), Failure> {
    options.check()?;
    logs::start(options.logs);
    let address = SocketAddr::new(options.host, options.port);
    let refused = |source| Error::Address { address: address.to_string(), source };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(32)
        .thread_name("http")
        .enable_all()
        .build()
        .map_err(refused)?;
    let listener = runtime.block_on(TcpListener::bind(address)).map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    let mut queue_options = options.queue.clone();
    queue_options.complain = |what| tracing::error!(what, "queue");
    queue_options.tell = |what| tracing::info!(what, "queue");
    let queue = JobQueue::open(Arc::new(studio), queue_options)?;
    queue.events().listen(None, Box::new(logged));
    let (close, closing) = watch::channel(false);
    let app = Arc::new(App::new(Arc::clone(&queue), options, closing));
    tracing::info!(address = %bound, "serving");
    ready(bound);
    let served = runtime.block_on(until_cancelled(listener, &app, cancel, close));
    queue.close();
    tracing::info!("ended");
    runtime.shutdown_timeout(Duration::from_secs(1));
    served.map_err(|source| refused(source).into())
}

/// The way of every job in the log; what people wrote and drew is not in it.
fn logged(event: &Arc<QueueEvent>) -> bool {
    if let Happening::Job(job) = &event.happening {
        let (state, attempts) = (job.state.name(), job.attempts);
        let error = job.error.as_ref().map(|error| error.code.as_str());
        tracing::info!(job = job.id, capability = job.capability, state, attempts, error, "job");
    }
    true
}

async fn until_cancelled(
    listener: TcpListener,
    app: &Arc<App>,
    cancel: &CancelToken,
    close: watch::Sender<bool>,
) -> std::io::Result<()> {
    let (token, ended) = (cancel.clone(), app.closing.clone());
    tokio::spawn(async move {
        while !token.is_cancelled() {
            tokio::time::sleep(INTERVAL).await;
        }
        tracing::info!("ending");
        let _ = close.send(true);
    });
    let routes = routes::all(app);
    let connections = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut ending = Box::pin(closed(ended));
    loop {
        let next = accepted(&listener, &places);
        let (stream, peer, place) = match select(Box::pin(next), &mut ending).await {
            Either::Left((Ok(accepted), _)) => accepted,
            // A connection that was gone before it was taken, or too many open files: the next one may do better.
            Either::Left((Err(error), _)) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(INTERVAL).await;
                continue;
            }
            Either::Right(_) => break,
        };
        let connection = connection(stream, peer, routes.clone(), app.options.request_time);
        let watched = connections.watch(connection);
        tokio::spawn(async move {
            // What a client does to its connection is no news.
            let _ = watched.await;
            drop(place);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(PATIENCE, connections.shutdown()).await;
    Ok(())
}

async fn accepted(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, peer, place))
}

/// One connection; a client that does not say what it wants in time is left.
fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    routes: Router,
    header_time: Duration,
) -> impl GracefulConnection<Error = hyper::Error> {
    let service = hyper::service::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        routes.clone().call(request)
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(header_time).max_buf_size(HEADER_BYTES);
    builder.serve_connection(TokioIo::new(stream), service)
}

async fn closed(mut closing: watch::Receiver<bool>) {
    // An error means that the sender is gone: the server ends too.
    let _ = closing.wait_for(|is_closing| *is_closing).await;
}
