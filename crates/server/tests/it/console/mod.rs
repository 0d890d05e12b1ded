//! The console: its sessions, and its pages in a browser.

mod pages;
mod sessions;
