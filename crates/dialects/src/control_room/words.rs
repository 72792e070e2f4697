//! Control Room's permissions as scopes: `control-room.` and the vendor's word for the action.

use counterfoil_core::catalogue::Word;

/// May hold an API key; no role of the vendor's own has it.
pub const API_KEY: &str = "control-room.api-key";
/// Sees other users than oneself.
pub const VIEW_USERS: &str = "control-room.usermanagement";

/// One permission as the user object lists it.
#[derive(Debug, Clone, Copy)]
pub struct Permission {
    /// The vendor's number where it is public (59 is `managecredentials`), else one that nobody else has.
    pub id: u64,
    /// The scope that stands for it.
    pub scope: &'static str,
    /// The vendor's word for what may be done.
    pub action: &'static str,
    /// To what.
    pub resource: &'static str,
}

/// Scope, number, action, resource, title: one line each, so that scopes and permissions cannot part.
macro_rules! permissions {
    ($(($scope:literal, $id:literal, $action:literal, $resource:literal, $title:literal)),* $(,)?) => {
        /// The scopes.
        pub const WORDS: &[Word] = &[
            $(Word { word: $scope, scopes: &[$scope], title: $title, creatable: true, personal: true },)*
        ];
        /// The same as permissions.
        pub const PERMISSIONS: &[Permission] = &[
            $(Permission { id: $id, scope: $scope, action: $action, resource: $resource },)*
        ];
    };
}

permissions![
    ("control-room.api-key", 1, "generateapikey", "apikey", "Hold an API key"),
    ("control-room.usermanagement", 2, "usermanagement", "usermanagement", "View users"),
    ("control-room.createuser", 3, "createuser", "usermanagement", "Create users"),
    ("control-room.updateuser", 4, "updateuser", "usermanagement", "Edit users"),
    ("control-room.deleteuser", 5, "deleteuser", "usermanagement", "Delete users"),
    (
        "control-room.viewuserrolebasicinfo",
        6,
        "viewuserrolebasicinfo",
        "usermanagement",
        "View users' and roles' names"
    ),
    ("control-room.rolesview", 7, "rolesview", "rolesmanagement", "View roles"),
    ("control-room.rolesmanagement", 8, "rolesmanagement", "rolesmanagement", "Manage roles"),
    ("control-room.licensemanagement", 9, "licensemanagement", "licensemanagement", "View licenses"),
    ("control-room.licenseinstall", 10, "licenseinstall", "licensemanagement", "Install licenses"),
    ("control-room.myschedule", 58, "myschedule", "taskscheduling", "Schedule one's own bots"),
    (
        "control-room.managecredentials",
        59,
        "managecredentials",
        "credentials",
        "Manage one's own credentials"
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_rules_ask_for_are_in_the_table() {
        assert!([API_KEY, VIEW_USERS].iter().all(|word| WORDS.iter().any(|known| known.word == *word)));
        assert!(PERMISSIONS.windows(2).all(|pair| pair[0].id < pair[1].id));
    }
}
