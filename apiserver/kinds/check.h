/* SPDX-License-Identifier: Apache-2.0 */
/* Checks that kinds of several groups make of parts they share. Pure, any thread. */
#ifndef KINDS_CHECK_H
#define KINDS_CHECK_H

#include "kinds/strategy.h"

bool check_is_ip(const char *s); /* of either family */
/* False when it is reported. */
bool check_ip(const char *s, const char *path, struct field_errors *errs);
bool check_cidr(const char *s, const char *path, struct field_errors *errs);
/* As newer fields have it: one spelling only, and networks without host bits. */
bool check_ip_strict(const char *s, const char *path, struct field_errors *errs);
bool check_cidr_strict(const char *s, const char *path, struct field_errors *errs);
/* Addresses that stand for no one machine may not be what traffic is sent to. */
void check_ip_scope(const char *s, const char *path, struct field_errors *errs);
/* An object or a list in a text; NULL with Go's words in detail when it is none. */
#define CHECK_DETAIL_MAX 256
js *check_json(const char *p, size_t n, bool list, char detail[CHECK_DETAIL_MAX]);
/* How many bytes stand in a base64 text. */
size_t check_bytes(const js *base64);
/* Resources of a vendor's domain: their name as one of a quota must still be a name. Objects that are counted. */
bool check_is_extended(const char *resource);
bool check_is_counted(const char *resource);
/* Of a list of resources: not negative, and whole where there are no fractions. */
void check_resource_quantity(const char *resource, const char *value, const char *path,
			     struct field_errors *errs);
/* What a selector's operators ask of their values; a missing selector is fine. */
void check_label_selector(const js *selector, const char *path, struct field_errors *errs);
/* A count, or a percentage in a text: not negative, well written. NULL is fine, as below. */
void check_share(js *v, const char *path, struct field_errors *errs);
/* ... and no more than all. */
void check_share_of_all(js *v, const char *path, struct field_errors *errs);
/* The number that it says; a text that is no percentage counts as the number that it is. */
int64_t check_share_value(js *v);
/* A list of meta/v1 Conditions. */
void check_conditions(const js *conditions, const char *path, struct field_errors *errs);

#endif
