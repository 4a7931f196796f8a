//! Drawing that several panes share.
