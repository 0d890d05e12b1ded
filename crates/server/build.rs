//! Builds anew when the console was: a release embeds its files, a debug build reads them as they are.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed=../../console/dist");
    }
}
