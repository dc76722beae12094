//! Which resource a URI means.

/// Longest URI of a resource or an event.
pub(crate) const MOST_URI: usize = 127;

/// Whether a resource answers a request: its path is that of the request or begins it, up to a `/`
/// or `?`. A `/` at the start of either does not matter, nor one at the end of the resource's. As
/// WAMR's framework matches.
pub fn matches(url: &[u8], resource: &[u8]) -> bool {
    let url = url.strip_prefix(b"/").unwrap_or(url);
    let resource = resource.strip_prefix(b"/").unwrap_or(resource);
    let resource = resource.strip_suffix(b"/").unwrap_or(resource);
    if resource.is_empty() {
        return false;
    }
    url.strip_prefix(resource).is_some_and(|rest| matches!(rest.first(), None | Some(b'/' | b'?')))
}

/// The application and the rest of a URI `/app/NAME/rest`.
pub(crate) fn target(url: &str) -> Option<(&str, &str)> {
    url.strip_prefix('/').unwrap_or(url).strip_prefix("app/")?.split_once('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_answer_their_own_paths() {
        for (url, resource) in [
            ("/abc", "/abc"),
            ("abc", "/abc"),
            ("/abc", "abc"),
            ("/abc/cde", "/abc"),
            ("/abc/", "/abc"),
            ("/abc", "/abc/"),
            ("/abc?cde", "/abc"),
        ] {
            assert!(matches(url.as_bytes(), resource.as_bytes()), "{url} {resource}");
        }
        for (url, resource) in
            [("/ab", "/abc"), ("/abcd", "/abc"), ("/x", ""), ("/x", "/"), ("", "/abc"), ("", "")]
        {
            assert!(!matches(url.as_bytes(), resource.as_bytes()), "{url} {resource}");
        }
    }

    #[test]
    fn a_path_can_name_the_application() {
        assert_eq!(target("/app/a/url1"), Some(("a", "url1")));
        assert_eq!(target("app/a/x/y"), Some(("a", "x/y")));
        assert_eq!(target("/app/a"), None);
        assert_eq!(target("/url1"), None);
        assert_eq!(target("/apple/a/b"), None);
    }
}
