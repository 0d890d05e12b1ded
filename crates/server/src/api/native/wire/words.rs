//! Closed sets of words, as the document tells them.

use utoipa::ToSchema;

/// The words of a user's status.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "told in the document; values are written by the domain\'s own words")]
pub(crate) enum Status {
    /// Asked in, not yet signed in; counts as a member.
    Invited,
    /// In use.
    Active,
    /// Leaving; counts as a member until the end.
    Offboarding,
    /// Deactivated: the reasons stay and count for nothing.
    Inactive,
}

/// The words of a workspace role.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "told in the document; values are written by the domain\'s own words")]
pub(crate) enum Role {
    /// Everything in the company.
    Admin,
    /// Reads, and edits the members of groups they own.
    Editor,
    /// Reads.
    Viewer,
    /// Their own memberships only.
    Guest,
}

/// The words of a key's access level.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "told in the document; values are written by the domain\'s own words")]
pub(crate) enum Access {
    /// Reads only.
    Read,
    /// Reads and changes.
    Write,
}

/// The words of a group's state.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "told in the document; values are written by the domain\'s own words")]
pub(crate) enum State {
    /// In use.
    Live,
    /// Deleted, and can be restored until its purge.
    Archived,
}

/// The words of an app's status.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "told in the document; values are written by the domain\'s own words")]
pub(crate) enum AppStatus {
    /// In use and looked after.
    Managed,
    /// Seen, not decided.
    Discovered,
    /// Watched only.
    Tracked,
    /// Asked for.
    Requested,
    /// Against policy.
    Restricted,
    /// Not watched.
    Ignored,
    /// Kept for audit.
    Archived,
}

/// The words of what an app is to a group.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "told in the document; values are written by the domain\'s own words")]
pub(crate) enum Visibility {
    /// Every member gets it.
    Default,
    /// Members do not see it.
    Hidden,
}

/// The words of what a custom field holds.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "told in the document; values are written by the domain\'s own words")]
pub(crate) enum FieldKind {
    /// Any text.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A day, `YYYY-MM-DD`.
    Date,
    /// A person of the company, by id.
    User,
    /// One of a list of options.
    Select,
}

/// The orders of a listing.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "told in the document; values are written by the domain\'s own words")]
pub(crate) enum Sort {
    /// By name, as folded for comparing.
    #[schema(rename = "name")]
    Name,
    /// By name, last first.
    #[schema(rename = "-name")]
    NameDown,
    /// Oldest first.
    #[schema(rename = "createdAt")]
    Created,
    /// Newest first.
    #[schema(rename = "-createdAt")]
    CreatedDown,
}
