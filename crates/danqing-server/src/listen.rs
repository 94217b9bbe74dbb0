//! From options to a server that runs until it is told to stop, and stops without losing anything.

use std::future::IntoFuture;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use danqing_capability::{CancelToken, Failure};
use danqing_jobs::Studio;
use danqing_jobs::queue::JobQueue;
use futures_util::future::{Either, select};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::options::Error;
use crate::{App, ServerOptions, logs, routes};

/// How often the token is looked at.
const INTERVAL: Duration = Duration::from_millis(50);
/// How long requests may go on once the server ends.
const PATIENCE: Duration = Duration::from_secs(5);

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
    let queue = JobQueue::open(Arc::new(studio), queue_options)?;
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

async fn until_cancelled(
    listener: TcpListener,
    app: &Arc<App>,
    cancel: &CancelToken,
    close: watch::Sender<bool>,
) -> std::io::Result<()> {
    let service = routes::all(app).into_make_service_with_connect_info::<SocketAddr>();
    let token = cancel.clone();
    let (closing, ended) = (app.closing.clone(), app.closing.clone());
    let watching = async move {
        while !token.is_cancelled() {
            tokio::time::sleep(INTERVAL).await;
        }
        tracing::info!("ending");
        let _ = close.send(true);
    };
    tokio::spawn(watching);
    let server = axum::serve(listener, service).with_graceful_shutdown(closed(closing));
    let late = async {
        closed(ended).await;
        tokio::time::sleep(PATIENCE).await;
    };
    match select(Box::pin(server.into_future()), Box::pin(late)).await {
        Either::Left((served, _)) => served,
        Either::Right(_) => Ok(()),
    }
}

async fn closed(mut closing: watch::Receiver<bool>) {
    // An error means that the sender is gone: the server ends too.
    let _ = closing.wait_for(|is_closing| *is_closing).await;
}
