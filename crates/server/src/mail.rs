//! E-mail: how notices are written, plain and as HTML, and handed to an SMTP server.

use std::time::Duration;

use guildhall_domain::name;
use guildhall_domain::notice::Notice;
use guildhall_engine::Letter;
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
    match &letter.notice {
        Notice::MembershipEnding { ends_at, .. } => {
            let group = letter.group_name.as_deref().unwrap_or("a group");
            let at = ends_at.rfc3339(0);
            let (day, time) = at.split_once('T').unwrap_or((&at, ""));
            let time = time.get(..5).unwrap_or_default();
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
        Notice::WebhookDisabled { webhook, why } => Words {
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
