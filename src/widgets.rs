//! Drawing that several panes share.

pub mod popup;
pub mod text;
pub mod theme;
