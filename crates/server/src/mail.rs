//! E-mail: how notices are written, plain and as HTML, and handed to an SMTP server.

use std::time::Duration;

use guildhall_domain::policy::RequestKind;
use guildhall_domain::request::{RequestStatus, TaskKind, TaskStatus};
use guildhall_domain::{Timestamp, name};
use guildhall_engine::{Asked, Letter, Told};
use lettre::message::header::{self, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::{Address, AsyncTransport, Message, Tokio1Executor};

/// The longest that one conversation with the SMTP server may take.
const LONGEST: Duration = Duration::from_secs(20);

/// Sends notices through one SMTP server.
#[derive(Clone)]
pub struct Mailer {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mailer")
    }
}

/// Subject and text of a notice.
struct Words {
    subject: String,
    lines: Vec<String>,
}

impl Mailer {
    /// A mailer that speaks to the server behind `url` (`smtps://USER:PASSWORD@HOST`, or `smtp://HOST:PORT?tls=required`
    /// for STARTTLS) in the name of `from`.
    ///
    /// # Errors
    /// In words for who wrote the configuration; never with the password.
    pub fn new(url: &str, from: &str) -> Result<Self, String> {
        let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| {
                "must be smtps://USER:PASSWORD@HOST, or smtp://HOST:PORT, with ?tls=required for STARTTLS".to_owned()
            })?
            .timeout(Some(LONGEST))
            .build();
        let from = from
            .parse()
            .map_err(|_| "the sender must be an address, such as Guildhall <groups@example.com>".to_owned())?;
        Ok(Self { server, from })
    }

    /// Sends one letter.
    ///
    /// # Errors
    /// Why the server did not take it.
    pub async fn send(&self, letter: &Letter) -> Result<(), String> {
        let message = self.message(letter)?;
        self.server.send(message).await.map(drop).map_err(|e| e.to_string())
    }

    fn message(&self, letter: &Letter) -> Result<Message, String> {
        let words = words(letter);
        let host = self.from.email.domain();
        let to: Address = letter.to.email.parse().map_err(|_| "the address is none that mail goes to".to_owned())?;
        let text = format!("{}\n\n-- \nGuildhall, for {}\n", words.lines.join("\n\n"), letter.company_name);
        let body: String = words.lines.iter().map(|line| format!("<p>{}</p>\n", escape(line))).collect();
        let html = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title></head>\n<body>\n{body}<hr>\n<p>Guildhall, for {}</p>\n</body></html>\n",
            escape(&words.subject),
            escape(&letter.company_name),
        );
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(Some(letter.to.name.clone()), to))
            .subject(words.subject)
            // The same at every try, so that a server or reader can tell a repeat.
            .message_id(Some(format!("<{}@{host}>", letter.id)))
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into()))
            .header(header::MIME_VERSION_1_0)
            .multipart(MultiPart::alternative_plain_html(text, html))
            .map_err(|e| format!("the message cannot be written: {e}"))
    }
}

fn words(letter: &Letter) -> Words {
    let hello = format!("Hello {},", name::split(&letter.to.name).0);
    match &letter.told {
        Told::MembershipEnding { group, ends_at } => {
            let (day, time) = day_and_time(*ends_at);
            Words {
                subject: format!("Your membership of {group} ends on {day}"),
                lines: vec![
                    hello,
                    format!(
                        "your membership of the group {group} ends on {day} at {time} UTC, and with it what the group gives you."
                    ),
                    "If you still need it then, ask an owner of the group to extend it.".into(),
                ],
            }
        }
        Told::WebhookDisabled { webhook, why } => Words {
            subject: format!("The webhook {webhook} was switched off"),
            lines: vec![
                hello,
                format!(
                    "the webhook {webhook} was switched off, because its receiver has not accepted anything for three days or says that it is gone. The last try: {why}."
                ),
                "Nothing is lost: what has happened since waits for it. Mend the receiver, then resume the webhook."
                    .into(),
            ],
        },
        Told::ReviewWaits { review, rows, due_at, again } => {
            let (day, time) = day_and_time(*due_at);
            let lines = if *rows == 1 { "1 line".to_owned() } else { format!("{rows} lines") };
            let (reminder, still) = if *again { ("Reminder: ", "still ") } else { ("", "") };
            Words {
                subject: format!("{reminder}{lines} of the review {review} to decide by {day}"),
                lines: vec![
                    hello,
                    format!("{lines} of the review {review} {still}wait for you, until {day} at {time} UTC."),
                    "Say of each whether it is kept, changed or removed. Nothing changes before the review is closed."
                        .into(),
                ],
            }
        }
        Told::TaskWaits { task, asked, again } => {
            let (what, reminder) = (wish(asked), if *again { "Reminder: " } else { "" });
            let to_do = match task.kind {
                TaskKind::Action => "was approved and is yours to carry out",
                TaskKind::Review | TaskKind::Offboarding => "waits for your decision",
            };
            let mut lines = vec![hello, format!("{what} {to_do}.")];
            lines.extend(said(asked));
            if let Some(due) = task.due_at {
                let (day, time) = day_and_time(due);
                lines.push(format!("It is due on {day} at {time} UTC."));
            }
            Words { subject: format!("{reminder}{what}"), lines }
        }
        Told::TaskDecided { task, by, asked } => {
            let what = wish(asked);
            let by = by.as_deref().unwrap_or("Somebody else");
            let did = match (task.kind, task.status) {
                (TaskKind::Action, TaskStatus::Approved) => "carried out",
                (_, TaskStatus::Approved) => "approved",
                _ => "declined",
            };
            Words {
                subject: format!("Done: {what}"),
                lines: vec![hello, format!("{by} {did} this: {what}."), "There is nothing left for you to do.".into()],
            }
        }
        Told::RequestMoved { status, asked, comment } => {
            let what = wish(asked);
            let now = match status {
                RequestStatus::Approved => "was approved and will be carried out",
                RequestStatus::Completed => "was approved and is done",
                RequestStatus::Declined => "was declined",
                RequestStatus::Cancelled => "was withdrawn",
                RequestStatus::Expired => "was not decided in time and has ended",
                RequestStatus::Open => "is under way",
            };
            let mut lines = vec![hello, format!("{what} {now}.")];
            lines.extend(comment.as_ref().map(|said| format!("What was said: {said}")));
            let word = if *status == RequestStatus::Completed { "done" } else { status.word() };
            Words { subject: format!("{}: {what}", capital(word)), lines }
        }
    }
}

fn day_and_time(at: Timestamp) -> (String, String) {
    let at = at.rfc3339(0);
    let (day, time) = at.split_once('T').unwrap_or((&at, ""));
    (day.to_owned(), time.get(..5).unwrap_or_default().to_owned())
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// What is asked for, as the beginning of a sentence and as a subject.
fn wish(asked: &Asked) -> String {
    let app = asked.app.as_deref().unwrap_or("an app");
    let who = if asked.yours { "you" } else { asked.target.as_deref().unwrap_or("somebody") };
    let level = asked.level.as_ref().map(|level| format!(" ({level})")).unwrap_or_default();
    match asked.kind {
        None => format!("Offboarding of {who}"),
        Some(RequestKind::Grant) => format!("Access to {app}{level} for {who}"),
        Some(RequestKind::Change) => format!("Another permission level of {app}{level} for {who}"),
        Some(RequestKind::Remove) => format!("Removal of {app} from {who}"),
        Some(RequestKind::AddApp) => format!("Adding of the app {app}"),
        Some(RequestKind::ArchiveApp) => format!("Archiving of the app {app}"),
        Some(RequestKind::JoinGroup) => {
            format!("Membership of {} for {who}", asked.group.as_deref().unwrap_or("a group"))
        }
    }
}

/// Who asked, and in what words.
fn said(asked: &Asked) -> Option<String> {
    match (&asked.requester, &asked.purpose) {
        (Some(by), Some(why)) => Some(format!("{by} asked for it and says: {why}")),
        (Some(by), None) => Some(format!("{by} asked for it.")),
        (None, Some(why)) => Some(format!("The reason given: {why}")),
        (None, None) => None,
    }
}

/// A text made safe to stand in HTML.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_the_server_is_checked_and_its_password_not_told() {
        assert!(Mailer::new("smtp://127.0.0.1:2525", "Guildhall <groups@example.com>").is_ok());
        assert!(Mailer::new("smtps://user:s3cret@mail.example", "groups@example.com").is_ok());
        for (url, from) in
            [("mail.example", "a@b.example"), ("http://u:s3cret@x", "a@b.example"), ("smtp://x", "nobody")]
        {
            let why = Mailer::new(url, from).unwrap_err();
            assert!(!why.contains("s3cret"), "{why}");
        }
    }

    #[test]
    fn names_are_text_and_no_markup() {
        assert_eq!(escape("<b>\"A\" & 'B'</b>"), "&lt;b&gt;&quot;A&quot; &amp; &#39;B&#39;&lt;/b&gt;");
    }
}
