//! The metrics of a service, for Prometheus.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use crate::support::Scene;
use crate::watch_support::{CALLS, FAST};

/// Makes a spool whose service writes metrics.
fn with_metrics(settings: &str) -> Scene {
    let scene = Scene::with_a_spool(settings);
    let config = scene.text("callseal.toml");
    scene.write(
        "callseal.toml",
        format!("metrics-file = 'metrics/callseal.prom'\n{config}"),
    );
    std::fs::create_dir(scene.path("metrics")).unwrap();
    scene
}

/// Returns the values of the service's metrics, by their names.
fn values(scene: &Scene) -> BTreeMap<String, f64> {
    let text = std::fs::read_to_string(scene.path("metrics/callseal.prom")).unwrap_or_default();
    let samples = text.lines().filter_map(|line| {
        let (name, value) = line.split_once("{watch=\"calls\"} ")?;
        Some((name.to_owned(), value.parse().unwrap()))
    });
    samples.collect()
}

#[test]
fn the_metrics_are_as_prometheus_wants_them() {
    let scene = with_metrics(&format!("{FAST}bundle = 4\n"));
    let service = scene.starts_watching();
    scene.spool(&CALLS);
    scene.spool(&[("two\nlines", "a call")]);
    let is = |name: &str, value: f64| values(&scene).get(name) == Some(&value);
    scene.waits_until("on record", || is("callseal_archives_total", 1.0));
    scene.waits_until("on record", || is("callseal_set_aside_files", 1.0));
    scene.waits_until("sealed", || is("callseal_waiting_files", 0.0));
    let found = values(&scene);
    for (name, value) in [
        ("callseal_sealed_files_total", 4.0),
        ("callseal_sealed_bytes_total", 69.0),
        ("callseal_released_files_total", 4.0),
        ("callseal_bundled_files_total", 4.0),
        ("callseal_failed_files_total", 1.0),
        ("callseal_errors_total", 1.0),
        ("callseal_waiting_files", 0.0),
        ("callseal_sealing_failed", 0.0),
        ("callseal_config_failed", 0.0),
    ] {
        assert_eq!(found.get(name), Some(&value), "{name}: {found:#?}");
    }
    assert!(found.contains_key("callseal_certificate_end_timestamp_seconds"));
    let path = scene.path("metrics/callseal.prom");
    let mode = std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    // It warns of names and units that are against the conventions.
    scene
        .tool_from("promtool check metrics", "metrics/callseal.prom")
        .stays_silent();
    service.stops_with(6);
    assert_eq!(scene.tree("metrics"), ["callseal.prom"]);
}

#[test]
fn a_trouble_shows_in_the_metrics() {
    let scene = with_metrics(FAST);
    let service = scene.starts_watching();
    std::fs::remove_file(scene.path("vendor.crt")).unwrap();
    scene.spool(&CALLS);
    scene.waits_until("on record", || {
        let found = values(&scene);
        let is = |name, value: f64| found.get(name) == Some(&value);
        is("callseal_sealing_failed", 1.0)
            && is("callseal_waiting_files", 4.0)
            && found.contains_key("callseal_oldest_waiting_timestamp_seconds")
    });
    service.stops();
}

#[test]
fn metrics_that_can_t_be_written_keep_no_call_from_being_sealed() {
    let scene = with_metrics(FAST);
    std::fs::remove_dir(scene.path("metrics")).unwrap();
    let mut service = scene.starts_watching();
    let fault = "metrics/callseal.prom: no such file or directory; the metrics can't be written";
    while service.said(fault) == 0 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    scene.spool(&CALLS);
    scene.waits_until("sealed", || scene.sealed().len() == CALLS.len());
    std::fs::create_dir(scene.path("metrics")).unwrap();
    scene.waits_until("written", || scene.exists("metrics/callseal.prom"));
    assert_eq!(service.said(fault), 1);
    service.stops();
}

#[test]
fn a_run_for_cron_leaves_its_metrics() {
    let scene = with_metrics(FAST);
    scene.spool(&CALLS);
    scene.seals_all();
    assert_eq!(values(&scene)["callseal_sealed_files_total"], 4.0);
}

#[test]
fn a_metrics_file_of_another_name_is_refused() {
    let scene = Scene::with_a_spool(FAST);
    let config = scene.text("callseal.toml");
    scene.write(
        "callseal.toml",
        format!("metrics-file = 'metrics.txt'\n{config}"),
    );
    scene.watch_once().exits(2).complains(&[
        "callseal.toml:1: metrics-file cannot be \"metrics.txt\": expected a path that ends in .prom",
    ]);
}

#[test]
fn the_example_alerts_wake_somebody_for_each_trouble() {
    let scene = Scene::new();
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/prometheus");
    for name in ["callseal.rules.yml", "callseal.rules.test.yml"] {
        scene.write(name, std::fs::read(examples.join(name)).unwrap());
    }
    scene.tool("promtool check rules callseal.rules.yml");
    scene.tool("promtool test rules callseal.rules.test.yml");
}
