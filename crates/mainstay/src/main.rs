//! The binary: arguments in, an exit code out. Everything else is in the library, so that tests reach it.
use std::process::ExitCode;

/// A sixth of the work of taking objects in was the system's allocator (decision 1). SQLite uses this one too.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    mainstay::main(std::env::args_os())
}
