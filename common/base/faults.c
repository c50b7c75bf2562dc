/* SPDX-License-Identifier: Apache-2.0 */
#include "base/faults.h"

void faults_release(struct faults *f)
{
	buf_release(&f->text);
	f->n = 0;
}

void faults_add(struct faults *f, const char *fmt, ...)
{
	va_list ap;

	if (f->n++ >= FAULTS_MAX)
		return;
	if (f->text.len)
		buf_adds(&f->text, ", ");
	va_start(ap, fmt);
	buf_addvf(&f->text, fmt, ap);
	va_end(ap);
}

int faults_end(const struct faults *f, enum reason reason, const char *what, bool aggregate, struct err *err)
{
	bool brackets = aggregate && f->n > 1;

	if (!f->n)
		return 0;
	return err_set(err, reason, "%s%s%s%s", what, brackets ? "[" : "", buf_str(&f->text),
		       brackets ? "]" : "");
}
