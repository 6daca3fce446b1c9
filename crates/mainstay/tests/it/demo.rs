//! The sample world end to end: the script is played against the real binary, through public verbs alone, and what it says in
//! the end is what a duty officer reads. Moving one date moves it.

use std::path::{Path, PathBuf};
use xtask::script::{Script, Stage};

/// A sample that may be changed, and where it is played.
struct World {
    dir: tempfile::TempDir,
    script: Script,
}

impl World {
    fn new() -> World {
        let dir = tempfile::tempdir().unwrap();
        copy(&xtask::shell::root().join("examples"), &dir.path().join("examples"));
        let script = Script::open(&dir.path().join("examples")).unwrap();
        World { dir, script }
    }

    fn stage(&self) -> Stage {
        Stage {
            binary: PathBuf::from(env!("CARGO_BIN_EXE_mainstay")),
            data: self.dir.path().join("store"),
            sample: self.dir.path().join("examples"),
            work: self.dir.path().join("work"),
        }
    }

    /// Replaces a text that stands exactly once in one of the sample's files.
    #[track_caller]
    fn change(&self, file: &str, from: &str, to: &str) {
        let path = self.dir.path().join("examples").join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(from).count(), 1, "{from:?} in {file}");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    #[track_caller]
    fn play(&self) -> String {
        let stage = self.stage();
        self.script.play(&stage, |_, _| {}).unwrap();
        stage.ask(&self.script.now, &["today"]).unwrap()
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &target) } else { std::fs::copy(entry.path(), target).map(|_| ()).unwrap() }
    }
}
