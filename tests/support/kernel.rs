//! Runs under a kernel that lacks something, or without rights that root has.

use super::{Run, Scene};

/// A program that makes openat(2) and open(2) with O_TMPFILE fail for itself
/// and the program that it becomes, as on a file system without O_TMPFILE. It
/// uses a seccomp(2) filter, which every user may set.
pub const WITHOUT_UNNAMED_FILES: &str = r#"
import ctypes, os, platform, struct, sys
arch, openat, open = {
    "x86_64": (0xC000003E, 257, 2),
    "aarch64": (0xC00000B7, 56, 0xFFFFFFFF),
}[platform.machine()]
LOAD, JUMP, EQUAL, SET, RETURN = 0x20, 0x05, 0x15, 0x45, 0x06
ALLOW, EOPNOTSUPP = 0x7FFF0000, 0x00050000 | 95
program = [
    (LOAD, 0, 0, 4), (EQUAL, 0, 8, arch),
    (LOAD, 0, 0, 0), (EQUAL, 1, 0, openat), (EQUAL, 2, 5, open),
    # The low half of the third argument, or of the second, has the flags.
    (LOAD, 0, 0, 32), (JUMP, 0, 0, 1), (LOAD, 0, 0, 24),
    (SET, 0, 1, 0o20000000),
    (RETURN, 0, 0, EOPNOTSUPP), (RETURN, 0, 0, ALLOW),
]
code = b"".join(struct.pack("HBBI", *step) for step in program)
buffer = ctypes.create_string_buffer(code)
class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]
filter = Filter(len(program), ctypes.cast(buffer, ctypes.c_void_p))
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
SET_NO_NEW_PRIVS, SET_SECCOMP, FILTER = 38, 22, 2
for call in (SET_NO_NEW_PRIVS, 1, 0), (SET_SECCOMP, FILTER, ctypes.addressof(filter)):
    if libc.prctl(*call, 0, 0) != 0:
        sys.exit(os.strerror(ctypes.get_errno()))
os.execv(sys.argv[1], sys.argv[1:])
"#;

impl Scene {
    /// Returns a run of the program as on a file system where files need a name
    /// while they are written.
    pub fn without_unnamed_files(&self, line: &str) -> Run {
        let words = ["-c", WITHOUT_UNNAMED_FILES, Run::CALLSEAL];
        let words = words.into_iter().chain(line.split_whitespace());
        self.program("python3", words)
    }
}

#[cfg(target_os = "linux")]
/// Runs programs as an owner without root's right to ignore permissions.
pub fn as_an_owner<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let alone = scope.spawn(|| {
            use rustix::thread::{CapabilitySet, remove_capability_from_bounding_set};
            for capability in [CapabilitySet::DAC_OVERRIDE, CapabilitySet::DAC_READ_SEARCH] {
                // Others than root don't have it.
                let _ = remove_capability_from_bounding_set(capability);
            }
            run()
        });
        alone.join().unwrap()
    })
}
