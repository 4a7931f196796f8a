//! The four systems, each a folder: the vendors' wire formats and the HTTP clients that speak them.
