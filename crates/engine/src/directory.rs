//! The directory format as records: loading a company and writing one out.
