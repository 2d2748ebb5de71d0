//! What the tests of the service need, and what is done beside it.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::batch_id::BatchId;
use super::bundling::Ready;
use super::making::Making;
use super::*;
use crate::keys::{Party, Recipients, Requirements};
use crate::message::SealOptions;

/// Tells nobody.
pub(super) struct Silent;

impl Observer for Silent {
    fn note(&self, _: &Event<'_>) {}
}

/// Makes a spool and an outbox, and returns the settings of a service for them.
pub(super) fn settings(scene: &Path) -> Settings {
    let [spool, outbox] = ["spool", "outbox"].map(|name| {
        let directory = scene.join(name);
        fs::create_dir(&directory).unwrap();
        directory
    });
    Settings {
        name: "calls".to_owned(),
        spool,
        outbox,
        profile: None,
        include: Vec::new(),
        exclude: Vec::new(),
        settle: Duration::ZERO,
        grace: Duration::ZERO,
        then: Then::Delete,
        bundle: Bundle::Daily,
        sign: Vec::new(),
    }
}

/// Seals to the RSA key of the vectors.
struct Vectors(Settings);

impl Loader for Vectors {
    fn load(&mut self) -> Result<Loaded, ServiceError> {
        let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/vectors/0.1.0");
        let parties = [Party::with_certificate(vectors.join("rsa.crt"))];
        // The certificate is valid then.
        let at = UNIX_EPOCH + Duration::from_secs(2_000_000_000);
        let recipients = Recipients::load(&parties, &Requirements::listed(at)).unwrap();
        Ok(Loaded {
            plan: SealPlan::new(recipients, SealOptions::default()).unwrap(),
            signing: Vec::new(),
            settings: self.0.clone(),
        })
    }

    fn objection(&self, _: &Path) -> Option<String> {
        None
    }
}

#[test]
fn calls_are_sealed_while_an_archive_is_made() {
    let scene = tempfile::tempdir().unwrap();
    let settings = settings(scene.path());
    let spool = settings.spool.clone();
    let workers = NonZeroUsize::new(2).unwrap();
    let mut service = Service::open(settings.clone(), workers, &Silent).unwrap();
    let mut loader = Vectors(settings);
    let control = Control::new().unwrap();
    let mut work = |service: &mut Service<'_>| {
        service.scan();
        service.work(&mut loader, &control, later(FAR_OFF))?;
        service.bundle_due(&mut loader, false)
    };
    let (end, is_ended) = mpsc::channel();
    let name = service
        .bundles
        .take_name(&service.outbox, "calls", "2026-11-28");
    let name = name.unwrap();
    let wait = move || is_ended.recv().unwrap();
    service.making = Some(Making::with(&name, wait));
    service.to_make = Some([name].into());
    for name in ["a.wav", "b.wav"] {
        fs::write(spool.join(name), "a call").unwrap();
        work(&mut service).unwrap();
        assert!(!spool.join(name).exists());
    }
    assert_eq!(service.ready.len(), 2);
    // A day that is over is bundled when there is time for it.
    let yesterday = SystemTime::now() - Duration::from_secs(24 * 60 * 60);
    let id = BatchId::new(yesterday).unwrap();
    let ready = Ready {
        members: 1,
        bytes: 1,
    };
    service.ready.insert(id, ready);
    work(&mut service).unwrap();
    assert_eq!(service.ready.len(), 3);
    end.send(()).unwrap();
    while service
        .making
        .as_ref()
        .is_some_and(|making| !making.is_over())
    {
        std::thread::sleep(Duration::from_millis(1));
    }
    work(&mut service).unwrap();
    // It wasn't there, which is noticed now.
    assert!(service.making.is_none());
    assert_eq!(service.ready.len(), 2);
}
