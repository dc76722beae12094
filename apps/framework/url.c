/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * URLs and lists of keys and values as texts.
 */

#include "bi-inc/shared_utils.h"

int check_url_start(const char *url, int url_len, const char *leading_str)
{
	int skipped = url_len > 0 && url[0] == '/';
	int len;

	leading_str += leading_str[0] == '/';
	len = strlen(leading_str);
	if (len > 0 && leading_str[len - 1] == '/') {
		len--;
	}
	url += skipped;
	url_len -= skipped;
	if (len == 0 || url_len < len || memcmp(url, leading_str, len) != 0) {
		return 0;
	}
	if (url_len == len) {
		return skipped + len;
	}
	return url[len] == '/' || url[len] == '?' ? skipped + len + 1 : 0;
}

bool match_url(char *pattern, char *matched)
{
	int len, matched_len;

	pattern += pattern[0] == '/';
	matched += matched[0] == '/';
	len = strlen(pattern);
	matched_len = strlen(matched);
	if (matched_len > 0 && matched[matched_len - 1] == '/') {
		matched_len--;
	}
	if (len == 0 || matched_len == 0) {
		return false;
	}
	switch (pattern[len - 1]) {
	case '/':
		len--;
		return matched_len >= len && memcmp(pattern, matched, len) == 0 &&
		       (matched_len == len || matched[len] == '/');
	case '*':
		return strncmp(pattern, matched, len - 1) == 0;
	default:
		return strcmp(pattern, matched) == 0;
	}
}

char *find_key_value(char *buffer, int buffer_len, char *key, char *value, int value_len,
		     char delimiter)
{
	int key_len = strlen(key);
	const char *at = buffer, *end = buffer + buffer_len;

	if (value_len <= 0) {
		return NULL;
	}
	while (at < end && *at != '\0') {
		const char *start;

		while (at < end && (*at == ' ' || *at == delimiter)) {
			at++;
		}
		start = at;
		while (at < end && *at != '\0' && *at != delimiter) {
			at++;
		}
		if (at - start > key_len && strncmp(start, key, key_len) == 0 &&
		    start[key_len] == '=') {
			int len = at - start - key_len - 1;

			len = len < value_len ? len : value_len - 1;
			memset(value, 0, value_len);
			memcpy(value, start + key_len + 1, len);
			return value;
		}
	}
	return NULL;
}

char *wa_strdup(const char *str)
{
	return str == NULL ? NULL : strdup(str);
}
