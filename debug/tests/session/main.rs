//! Sessions with the stub, packet by packet, in place of a debugger: where a program stops, and what
//! is read and changed. Each runs in an instance of classic mode and in one of fast mode.

mod breakpoints;
mod ends;
mod script;
mod values;
mod watchpoints;
