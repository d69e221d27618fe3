//! What the simulated disk keeps and loses.

use super::*;

const F: &str = "f";

fn create(host: &Host, path: &str) -> Arc<dyn File> {
    host.disk.open(Path::new(path), OpenOptions::new(OpenMode::Create)).expect("create")
}

fn durable_file(sim: &SimHost) -> Arc<dyn File> {
    let host = sim.host();
    let file = create(&host, F);
    file.write_at(&[1; 2048], 0).expect("write");
    file.sync_data().expect("sync");
    host.disk.sync_dir(Path::new("")).expect("sync directory");
    file
}

#[test]
fn what_was_synced_stays() {
    for seed in 0..50 {
        let sim = SimHost::new(seed);
        let file = durable_file(&sim);
        sim.crash();
        assert_eq!(sim.file_bytes(Path::new(F)), Some(vec![1; 2048]), "seed {seed}");
        assert!(file.write_at(b"x", 0).is_err(), "a handle from before the crash is dead");
    }
}

#[test]
fn what_was_not_synced_is_lost_kept_or_torn_at_sectors() {
    let mut seen = [false; 3];
    for seed in 0..50 {
        let sim = SimHost::new(seed);
        durable_file(&sim).write_at(&[2; 2048], 0).expect("write");
        sim.crash();
        let bytes = sim.file_bytes(Path::new(F)).expect("the file is durable");
        assert!(bytes.chunks(SECTOR_BYTES).all(|sector| sector.iter().all(|byte| *byte == sector[0])));
        let twos = bytes.iter().filter(|byte| **byte == 2).count();
        seen[if twos == 0 {
            0
        } else if twos == 2048 {
            1
        } else {
            2
        }] = true;
    }
    assert_eq!(seen, [true; 3]);
}

#[test]
fn an_unsynced_name_may_vanish_and_an_unsynced_rename_may_not_have_happened() {
    let (mut vanished, mut renamed) = ([false; 2], [false; 2]);
    for seed in 0..50 {
        let sim = SimHost::new(seed);
        durable_file(&sim);
        let host = sim.host();
        host.disk.rename(Path::new(F), Path::new("g")).expect("rename");
        create(&host, "new").sync_all().expect("sync");
        sim.crash();
        let (f, g) = (sim.file_bytes(Path::new(F)), sim.file_bytes(Path::new("g")));
        assert!(f.is_some() != g.is_some(), "a rename is atomic");
        renamed[usize::from(g.is_some())] = true;
        vanished[usize::from(sim.file_bytes(Path::new("new")).is_none())] = true;
    }
    assert_eq!((vanished, renamed), ([true; 2], [true; 2]));
}

#[test]
fn power_fails_at_the_planned_io() {
    let sim = SimHost::new(1);
    let file = durable_file(&sim);
    sim.set_faults(FaultPlan { crash_at_io: Some(2), ..FaultPlan::default() });
    file.write_at(b"a", 0).expect("the first");
    assert!(file.write_at(b"b", 0).is_err() && sim.powered_off());
    assert!(file.len().is_err());
    sim.crash();
    assert!(!sim.powered_off());
}

#[test]
fn faults_come_by_count() {
    let sim = SimHost::new(1);
    let file = durable_file(&sim);
    sim.set_faults(FaultPlan {
        fail_sync_at: Some(1),
        fail_read_at: Some(2),
        space_bytes: Some(10),
        ..FaultPlan::default()
    });
    assert_eq!(file.sync_data().map_err(|error| error.raw_os_error()), Err(Some(libc::EIO)));
    file.sync_data().expect("the second succeeds");
    let mut byte = [0];
    file.read_at(&mut byte, 0).expect("the first");
    assert!(file.read_at(&mut byte, 0).is_err());
    file.write_at(&[0; 10], 2048).expect("there is room");
    let full = file.write_at(&[0], 2058).expect_err("the disk is full");
    assert_eq!(full.kind(), ErrorKind::StorageFull);
    file.write_at(&[0; 10], 2048).expect("no growth, no need of room");
}
