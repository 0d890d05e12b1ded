//! The console: its sessions, and its pages in a browser.

mod browser;
mod oidc;
mod pages;
mod sessions;
mod types;
