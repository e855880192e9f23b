/* fullscreen.c - the whole terminal as a canvas.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "fullscreen.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <curses.h>
#include <term.h>
#undef columns /* term.h means the terminal's by it */

#include "watchkeys.h"

#define ESCAPE_MS    50 /* so soon after Esc the rest of a key's sequence is there */
#define COLOR_ORANGE 208
#define COLOR_GREY   8

/* Of the environment, else one that every Debian has. */
static bool set_locale (bool utf8)
{
    if (!utf8)
        return false;
    if (setlocale (LC_CTYPE, "") && strcmp (nl_langinfo (CODESET), "UTF-8") == 0)
        return true;
    return setlocale (LC_CTYPE, "C.UTF-8") != NULL;
}

static int check_terminal (struct err *err)
{
    int found = 0;
    const char *term = getenv ("TERM");
    if (!term || !term[0])
        return err_set (err, STATUS_BAD_REQUEST,
                        "TERM is not set, so nobody knows how this terminal works; set it, as: "
                        "TERM=xterm-256color ems watch");
    if (setupterm (term, STDOUT_FILENO, &found) != OK)
        return err_set (err, STATUS_BAD_REQUEST,
                        "the terminal \"%.60s\" (TERM) is not known here; try: TERM=xterm ems "
                        "watch",
                        term);
    bool moves = tigetstr ("cup") != NULL;
    del_curterm (cur_term); /* newterm makes one of its own */
    if (!moves)
        return err_set (err, STATUS_BAD_REQUEST,
                        "the terminal \"%.60s\" (TERM) cannot show a full screen; `ems ps` and "
                        "`ems attach` work on it",
                        term);
    return 0;
}

static void set_colours (struct fullscreen *self, bool colour)
{
    static const short plain[] = {
        [HUE_GREEN] = COLOR_GREEN,
        [HUE_RED] = COLOR_RED,
        [HUE_ORANGE] = COLOR_YELLOW,
        [HUE_YELLOW] = COLOR_YELLOW,
    };
    self->colours = colour && has_colors () && start_color () == OK;
    if (!self->colours)
        return;
    short ground = use_default_colors () == OK ? -1 : COLOR_BLACK;
    self->orange = COLORS >= 256;
    for (int hue = HUE_GREEN; hue <= HUE_YELLOW; hue++) {
        short colour_of = hue == HUE_ORANGE && self->orange ? COLOR_ORANGE : plain[hue];
        init_pair ((short)hue, colour_of, ground);
    }
    if (COLORS >= 16)
        init_pair (HUE_GREY, COLOR_GREY, ground);
}

int fullscreen_begin (struct fullscreen *self, bool colour, bool *utf8, struct err *err)
{
    memset (self, 0, sizeof *self);
    *utf8 = set_locale (*utf8);
    if (check_terminal (err) < 0)
        return -1;
    self->screen = newterm (NULL, stdout, stdin);
    if (!self->screen)
        return err_set (err, STATUS_FAILED, "the terminal cannot be used for a full screen");
    set_term (self->screen);
    set_escdelay (ESCAPE_MS);
    cbreak ();
    noecho ();
    nodelay (stdscr, TRUE);
    keypad (stdscr, TRUE);
    intrflush (stdscr, FALSE);
    set_colours (self, colour);
    return 0;
}

void fullscreen_end (struct fullscreen *self)
{
    if (!self->screen)
        return;
    if (!self->away)
        endwin ();
    delscreen (self->screen);
    self->screen = NULL;
}

void fullscreen_leave (struct fullscreen *self)
{
    if (self->screen && !self->away)
        endwin ();
    self->away = true;
}

void fullscreen_return (struct fullscreen *self)
{
    if (!self->screen)
        return;
    self->away = false;
    reset_prog_mode ();
    fullscreen_redraw ();
}

void fullscreen_size (int *rows, int *columns)
{
    struct winsize size;
    if (ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0 &&
        (size.ws_row != LINES || size.ws_col != COLS))
        resizeterm (size.ws_row, size.ws_col);
    *rows = LINES;
    *columns = COLS;
}

void fullscreen_redraw (void)
{
    clearok (curscr, TRUE);
}

static int function_key (wint_t key)
{
    static const struct {
        wint_t theirs;
        int ours;
    } keys[] = {
        { KEY_UP, KEY_CODE_UP },           { KEY_DOWN, KEY_CODE_DOWN },
        { KEY_LEFT, KEY_CODE_LEFT },       { KEY_RIGHT, KEY_CODE_RIGHT },
        { KEY_PPAGE, KEY_CODE_PAGE_UP },   { KEY_NPAGE, KEY_CODE_PAGE_DOWN },
        { KEY_HOME, KEY_CODE_HOME },       { KEY_END, KEY_CODE_END },
        { KEY_DC, KEY_CODE_DELETE },       { KEY_BTAB, KEY_CODE_BACK_TAB },
        { KEY_BACKSPACE, KEY_CODE_ERASE }, { KEY_ENTER, KEY_CODE_ENTER },
        { KEY_F (1), KEY_CODE_F1 },        { KEY_F (5), KEY_CODE_F5 },
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i].theirs == key)
            return keys[i].ours;
    return 0;
}

int fullscreen_key (void)
{
    for (;;) {
        wint_t key = 0;
        int rc = get_wch (&key);
        if (rc == ERR)
            return 0;
        int ours = rc == KEY_CODE_YES ? function_key (key) : (int)key;
        if (rc != KEY_CODE_YES && (key == '\r' || key == '\b'))
            ours = key == '\r' ? KEY_CODE_ENTER : KEY_CODE_ERASE;
        if (ours > 0)
            return ours;
    }
}

static attr_t attributes (const struct fullscreen *self, unsigned style)
{
    unsigned hue = style & STYLE_HUE;
    attr_t out = 0;
    if (style & STYLE_BOLD || hue == HUE_BOLD)
        out |= A_BOLD;
    if (style & STYLE_REVERSE)
        out |= A_REVERSE;
    if (!self->colours || hue == HUE_PLAIN || hue == HUE_BOLD)
        return out;
    if (hue == HUE_GREY && COLORS < 16)
        return out | A_DIM;
    /* Where there is no orange, what runs and what was cancelled differ by brightness. */
    if (hue == HUE_YELLOW && !self->orange)
        out |= A_BOLD;
    return out | (attr_t)COLOR_PAIR ((int)hue);
}

void fullscreen_show (struct fullscreen *self, const struct canvas *canvas)
{
    if (self->away)
        return;
    erase ();
    for (int row = 0; row < canvas->rows; row++)
        for (int column = 0; column < canvas->columns; column++) {
            const struct canvas_cell *cell = &canvas->cells[row * canvas->columns + column];
            if (cell->columns == 0 || (cell->style == 0 && strcmp (cell->text, " ") == 0))
                continue;
            attrset ((int)attributes (self, cell->style));
            mvaddstr (row, column, cell->text);
        }
    attrset (0);
    if (canvas->cursor_row >= 0)
        move (canvas->cursor_row, canvas->cursor_column);
    curs_set (canvas->cursor_row >= 0 ? 1 : 0);
    refresh ();
}
