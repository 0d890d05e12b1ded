//! An edit of one member has three states, and this is the type for them.

/// What an edit does to one member: leave it, empty it, or set it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// The edit does not speak of it.
    #[default]
    Keep,
    /// The edit empties it.
    Clear,
    /// The edit gives it a value.
    Set(T),
}

impl<T> Patch<T> {
    /// Sets when there is a value, keeps otherwise.
    pub fn set_or_keep(value: Option<T>) -> Self {
        value.map_or(Self::Keep, Self::Set)
    }

    /// Changes the value inside by `check`, which may refuse it.
    ///
    /// # Errors
    /// Whatever `check` answers.
    pub fn try_map<U, E>(self, check: impl FnOnce(T) -> Result<U, E>) -> Result<Patch<U>, E> {
        Ok(match self {
            Self::Keep => Patch::Keep,
            Self::Clear => Patch::Clear,
            Self::Set(value) => Patch::Set(check(value)?),
        })
    }

    /// Does the edit leave this member alone?
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

impl<T: PartialEq> Patch<T> {
    /// Carries the edit out on a member that may be empty; true when that changed it.
    pub fn apply(self, member: &mut Option<T>) -> bool {
        let next = match self {
            Self::Keep => return false,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        };
        let changed = *member != next;
        *member = next;
        changed
    }

    /// Carries the edit out on a member that is never empty: clearing falls back to `empty`.
    pub fn apply_or(self, member: &mut T, empty: T) -> bool {
        let next = match self {
            Self::Keep => return false,
            Self::Clear => empty,
            Self::Set(value) => value,
        };
        let changed = *member != next;
        *member = next;
        changed
    }
}
