//! The binary: arguments in, an exit code out. Everything else is in the library, so that tests reach it.
use std::process::ExitCode;

fn main() -> ExitCode {
    mainstay::main(std::env::args_os())
}
