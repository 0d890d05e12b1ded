//! How many calls a key may make, and how many wrong credentials an address may send.
//!
//! Windows, not a leaking bucket: the wire promises a refusal of "more than 1,000 requests in a minute", and a bucket
//! lets the 1,001st through as soon as its first drop has leaked, 60 ms after the first call. A window opens with a
//! key's first call and lasts a minute.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use uuid::Uuid;

const MINUTE: Duration = Duration::from_secs(60);

/// Seconds after which a refused caller may try again, for `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryAfterSeconds(pub u32);

/// Counts the calls of each key.
#[derive(Debug)]
pub struct Rates(Windows<Uuid>);

impl Rates {
    /// Lets each key make this many calls a minute.
    pub fn new(per_minute: u32) -> Self {
        Self(Windows::new(per_minute))
    }

    /// Counts a call of a key known to exist. (An unknown one would only fill the memory.)
    pub fn check(&self, key: Uuid) -> Result<(), RetryAfterSeconds> {
        self.0.count(key, Instant::now())
    }

    /// Forgets windows that are over. Call it on a timer, or the map only grows.
    pub fn retain_recent(&self) {
        self.0.retain_recent(Instant::now());
    }
}

/// Counts wrong credentials by address. It is asked only after a credential proved wrong, so the rightful owner is
/// never locked out by somebody else's guesses.
#[derive(Debug)]
pub struct WrongCredentials(Windows<IpAddr>);

impl WrongCredentials {
    /// Answers this many failures a minute and address as what they are.
    pub fn new(per_minute: u32) -> Self {
        Self(Windows::new(per_minute))
    }

    /// Counts a failure; refused means: answer 429 instead of 401.
    pub fn failed(&self, address: IpAddr) -> Result<(), RetryAfterSeconds> {
        self.0.count(block(address), Instant::now())
    }

    /// Forgets windows that are over. Call it on a timer, or the map only grows.
    pub fn retain_recent(&self) {
        self.0.retain_recent(Instant::now());
    }
}

/// One customer of a provider commonly holds a whole IPv6 /64.
fn block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        v4 => v4,
    }
}

#[derive(Debug)]
struct Windows<K> {
    most: u32,
    open: Mutex<HashMap<K, (Instant, u32)>>,
}

impl<K: Hash + Eq> Windows<K> {
    fn new(most: u32) -> Self {
        Self { most, open: Mutex::new(HashMap::new()) }
    }

    fn count(&self, key: K, now: Instant) -> Result<(), RetryAfterSeconds> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, calls) = open.entry(key).or_insert((now, 0));
        let age = now.saturating_duration_since(*since);
        if age >= MINUTE {
            (*since, *calls) = (now, 0);
        } else if *calls >= self.most {
            // Rounded up: a client that obeys to the second must not be refused again.
            let left = (MINUTE - age).as_millis().div_ceil(1000);
            return Err(RetryAfterSeconds(u32::try_from(left).unwrap_or(60)));
        }
        *calls += 1;
        Ok(())
    }

    fn retain_recent(&self, now: Instant) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, (since, _)| now.saturating_duration_since(*since) < MINUTE);
        open.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_after_the_last_waits_for_the_minute_to_end() {
        let (windows, start) = (Windows::new(1000), Instant::now());
        let at = |seconds| start + Duration::from_secs_f64(seconds);
        for call in 0..1000 {
            assert_eq!(windows.count("a", at(f64::from(call) * 0.05)), Ok(()));
        }
        assert_eq!(windows.count("a", at(59.5)), Err(RetryAfterSeconds(1)));
        assert_eq!(windows.count("a", at(50.0)), Err(RetryAfterSeconds(10)));
        assert_eq!(windows.count("b", at(50.0)), Ok(()));
        assert_eq!(windows.count("a", at(60.0)), Ok(()));
        windows.retain_recent(at(115.0));
        assert_eq!(windows.open.lock().expect("whole").len(), 1);
    }

    #[test]
    fn wrong_credentials_count_by_block() {
        let wrong = WrongCredentials::new(1);
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        assert!(wrong.failed(ip("2001:db8::1")).is_ok());
        assert!(wrong.failed(ip("2001:db8::2")).is_err());
        assert!(wrong.failed(ip("2001:db8:0:1::2")).is_ok());
        assert!(wrong.failed(ip("192.0.2.1")).is_ok());
        assert!(wrong.failed(ip("::ffff:192.0.2.1")).is_err());
    }
}
