/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flag table for people: --help, the manual page and the shell completion all come from the same rows, so
 * none of them can be out of date. `make install` runs each program with --help=man and --help=bash.
 */
#include "base/flags_internal.h"

#include <string.h>

static const char *const type_names[] = {
	[FLAG_STRING] = " string",     [FLAG_INT] = " int",	[FLAG_BOOL] = "",
	[FLAG_DURATION] = " duration", [FLAG_FLOAT] = " float", [FLAG_GATES] = " mapStringBool"};

/* What is printed but is no row. */
static const struct {
	const char *spelling, *help;
} fixed[] = {
	{"-h, --help", "Print this text and exit."},
	{"    --version", "Print version information and exit."},
};

static bool worth_telling(const struct flag *f)
{
	return f->def && *f->def && strcmp(f->def, "0") && strcmp(f->def, "false");
}

static void add_default(struct buf *b, const struct flag *f)
{
	if (worth_telling(f))
		buf_addf(b, f->type == FLAG_STRING ? " (default \"%s\")" : " (default %s)", f->def);
}

/* ---- --help ---- */

static void help_rows(struct buf *b, const struct flag *table, size_t width)
{
	for (const struct flag *f = table; f->name; f++) {
		int pad = (int)(width - strlen(f->name) - strlen(type_names[f->type]));

		buf_addf(b, "  %s--%s%s%*s   %s", f->name[1] ? "    " : "-v, ", f->name, type_names[f->type],
			 pad, "", f->help ? f->help : "");
		add_default(b, f);
		buf_addc(b, '\n');
	}
}

static size_t widest(const struct flag *table, size_t w)
{
	for (const struct flag *f = table; f->name; f++) {
		size_t n = strlen(f->name) + strlen(type_names[f->type]);

		w = n > w ? n : w;
	}
	return w;
}

void flags_write_help(const struct flags_program *p, struct buf *out)
{
	size_t width = widest(p->table, strlen("version"));

	buf_addf(out, "%s\n\nUsage:\n  %s [flags]\n\nFlags:\n", p->about, p->name);
	help_rows(out, p->table, width);
	buf_adds(out, "\nGlobal flags:\n");
	buf_addf(out, "  %-*s   %s\n", (int)width + 6, fixed[0].spelling, fixed[0].help);
	help_rows(out, flags_common, width);
	buf_addf(out, "  %-*s   %s\n", (int)width + 6, fixed[1].spelling, fixed[1].help);
}

/* ---- manual page ---- */

/* Text as troff reads it: '-' and '\\' are commands, and so is a '.' or '\'' that begins a line. */
static void add_roff(struct buf *b, const char *s)
{
	if (*s == '.' || *s == '\'')
		buf_adds(b, "\\&");
	for (; *s; s++)
		if (*s == '-' || *s == '\\')
			buf_addf(b, *s == '-' ? "\\-" : "\\e");
		else
			buf_addc(b, *s);
}

static void man_row(struct buf *b, const char *name, const char *value, const char *help)
{
	buf_adds(b, ".TP\n\\fB\\-\\-");
	add_roff(b, name);
	buf_adds(b, "\\fR");
	if (value)
		buf_addf(b, "=\\fI%s\\fR", value);
	buf_addc(b, '\n');
	add_roff(b, help);
}

static void man_rows(struct buf *b, const struct flag *table)
{
	for (const struct flag *f = table; f->name; f++) {
		autobuf struct buf def = BUF_INIT;
		const char *type = type_names[f->type];

		man_row(b, f->name, *type ? type + 1 : NULL, f->help ? f->help : "");
		add_default(&def, f);
		add_roff(b, buf_str(&def));
		buf_addc(b, '\n');
	}
}

void flags_write_man(const struct flags_program *p, struct buf *out)
{
	buf_addf(out, ".TH %s 8 \"\" \"%s\"\n.SH NAME\n", p->name, p->version);
	add_roff(out, p->name);
	buf_adds(out, " \\- ");
	add_roff(out, p->about);
	buf_addf(out, "\n.SH SYNOPSIS\n.B %s\n[\\fIflags\\fR]\n.SH OPTIONS\n", p->name);
	man_rows(out, p->table);
	man_rows(out, flags_common);
	man_row(out, "help", NULL, fixed[0].help);
	buf_addc(out, '\n');
	man_row(out, "version", NULL, fixed[1].help);
	buf_addc(out, '\n');
}

/* ---- completion ---- */

/* Whether the value is a path: by the last word of the flag's name. */
static bool takes_path(const struct flag *f)
{
	static const char *const words[] = {"file", "dir", "kubeconfig", "binary"};
	const char *last = strrchr(f->name, '-');

	last = last ? last + 1 : f->name;
	for (size_t i = 0; f->type == FLAG_STRING && i < ARRAY_LEN(words); i++)
		if (!strcmp(last, words[i]))
			return true;
	return false;
}

static void completion_words(struct buf *b, const struct flag *table, bool paths)
{
	for (const struct flag *f = table; f->name; f++)
		if (!paths)
			buf_addf(b, " --%s%s", f->name, f->type == FLAG_BOOL ? "" : "=");
		else if (takes_path(f))
			buf_addf(b, "%s--%s", b->len && b->p[b->len - 1] == '(' ? "" : "|", f->name);
}

void flags_write_completion(const struct flags_program *p, struct buf *out)
{
	autobuf struct buf function = BUF_INIT, paths = BUF_INIT;

	for (const char *s = p->name; *s; s++)
		buf_addc(&function, *s == '-' ? '_' : *s);
	buf_addc(&paths, '(');
	completion_words(&paths, p->table, true);
	buf_addf(out,
		 "# bash completion for %s\n_%s()\n{\n"
		 "\tlocal cur prev words cword split\n\t_init_completion -s || return\n",
		 p->name, buf_str(&function));
	if (paths.len > 1)
		buf_addf(out, "\tif [[ $prev =~ ^%s)$ ]]; then\n\t\t_filedir\n\t\treturn\n\tfi\n",
			 buf_str(&paths));
	buf_adds(out, "\t$split && return\n\tCOMPREPLY=($(compgen -W \"--help --version");
	completion_words(out, p->table, false);
	completion_words(out, flags_common, false);
	buf_addf(out,
		 "\" -- \"$cur\"))\n\t[[ ${COMPREPLY-} == *= ]] && compopt -o nospace\n}\n"
		 "complete -F _%s %s\n",
		 buf_str(&function), p->name);
}
