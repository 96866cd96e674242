// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A lab as a drawing (SVG 1.1).
 *
 * Theory: a spring model, always from the same start so that the same file gives the same drawing:
 * switches and nodes repel each other, cables pull their ends together. Then boxes, lines and
 * labels.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "user/vde/cmd/command.h"
#include "user/vde/cmd/lab/lab.h"

#define ROUNDS 400
#define WIDTH  120
#define HEIGHT 44
#define MARGIN 90

struct place {
	double x, y, dx, dy;
};

static const char *const colours[LAB_KINDS] = {"#2b6cb0", "#2f855a", "#b7791f", "#2c7a7b",
					       "#6b46c1", "#c05621", "#9b2c2c"};

static void pull(struct place *a, struct place *b, double rest)
{
	double dx = b->x - a->x, dy = b->y - a->y, far = hypot(dx, dy) + 0.01;
	double force = (far - rest) * 0.08;

	a->dx += dx / far * force;
	a->dy += dy / far * force;
	b->dx -= dx / far * force;
	b->dy -= dy / far * force;
}

static void push(struct place *a, struct place *b)
{
	double dx = b->x - a->x, dy = b->y - a->y, far = hypot(dx, dy) + 0.01;
	double force = 9000 / (far * far) * 10;

	a->dx -= dx / far * force;
	a->dy -= dy / far * force;
	b->dx += dx / far * force;
	b->dy += dy / far * force;
}

static struct place *place_of(const struct lab *lab, struct place *places,
			      const struct lab_node *node)
{
	return &places[node - lab->node];
}

static void lay_out(const struct lab *lab, struct place *places)
{
	for (unsigned int i = 0; i < lab->node_count; i++) {
		/* A sunflower: no two in one place, switches inside. */
		double turn = i * 2.399963, far = 60 + 60 * sqrt(i);

		places[i] = (struct place){.x = far * cos(turn), .y = far * sin(turn)};
	}
	for (int round = 0; round < ROUNDS; round++) {
		double most = 40.0 * (ROUNDS - round) / ROUNDS + 1;

		for (unsigned int i = 0; i < lab->node_count; i++)
			for (unsigned int j = i + 1; j < lab->node_count; j++)
				push(&places[i], &places[j]);
		for (unsigned int i = 0; i < lab->link_count; i++)
			pull(place_of(lab, places, lab->link[i].end[0].on),
			     place_of(lab, places, lab->link[i].end[1].on), 260);
		for (unsigned int i = 0; i < lab->node_count; i++)
			for (unsigned int j = 0; j < lab->node[i].plug_count; j++)
				pull(&places[i], place_of(lab, places, lab->node[i].plug[j].on),
				     150);
		for (unsigned int i = 0; i < lab->node_count; i++) {
			double length = hypot(places[i].dx, places[i].dy) + 0.01;
			double step = length < most ? 1 : most / length;

			places[i].x += places[i].dx * step;
			places[i].y += places[i].dy * step;
			places[i].dx = places[i].dy = 0;
		}
	}
}

/* What has ended is drawn faint; a lab that is not up is drawn as it would be. */
static bool has_ended(const struct lab *lab, const char *name)
{
	return *lab->directory && !lab_pid(lab, name);
}

/* Move everything into positive numbers; the size of the drawing. */
static void fit(const struct lab *lab, struct place *places, double *width, double *height)
{
	double left = places[0].x, right = left, top = places[0].y, bottom = top;

	for (unsigned int i = 1; i < lab->node_count; i++) {
		left = fmin(left, places[i].x);
		right = fmax(right, places[i].x);
		top = fmin(top, places[i].y);
		bottom = fmax(bottom, places[i].y);
	}
	for (unsigned int i = 0; i < lab->node_count; i++) {
		places[i].x += MARGIN - left;
		places[i].y += MARGIN - top;
	}
	*width = right - left + 2 * MARGIN;
	*height = bottom - top + 2 * MARGIN;
}

static void text(FILE *out, double x, double y, const char *class, const char *words)
{
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x, y, class);
	for (; *words; words++)
		switch (*words) {
		case '<':
			fprintf(out, "&lt;");
			break;
		case '&':
			fprintf(out, "&amp;");
			break;
		default:
			fputc(*words, out);
		}
	fprintf(out, "</text>\n");
}

static void line(FILE *out, const struct place *a, const struct place *b, const char *class)
{
	fprintf(out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>\n", a->x,
		a->y, b->x, b->y, class);
}

static void draw_link(FILE *out, const struct lab *lab, struct place *places,
		      const struct lab_link *link)
{
	struct place *a = place_of(lab, places, link->end[0].on);
	struct place *b = place_of(lab, places, link->end[1].on);
	char label[LAB_TEXT] = "";

	line(out, a, b,
	     has_ended(lab, link->name) ? "link cut"
	     : link->filter_count	? "link spoilt"
					: "link");
	for (unsigned int i = 0; i < link->filter_count; i++)
		snprintf(label + strlen(label), sizeof(label) - strlen(label), "%s%s", i ? " " : "",
			 link->filter[i] + 2);
	text(out, (a->x + b->x) / 2, (a->y + b->y) / 2 - 6, "small", link->name);
	text(out, (a->x + b->x) / 2, (a->y + b->y) / 2 + 8, "small", label);
}

static void draw_node(FILE *out, const struct lab *lab, const struct place *place,
		      const struct lab_node *node)
{
	char label[160] = "";

	fprintf(out,
		"<rect x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\" rx=\"%d\" "
		"fill=\"%s\"%s/>\n",
		place->x - WIDTH / 2, place->y - HEIGHT / 2, WIDTH, HEIGHT,
		node->kind == LAB_SWITCH ? 4 : 20, colours[node->kind],
		has_ended(lab, node->kind == LAB_NETDEV ? node->plug[0].on->name : node->name)
			? " opacity=\"0.45\""
			: "");
	text(out, place->x, place->y - 3, "name", node->name);
	for (unsigned int i = 0; i < node->plug_count; i++)
		if (*node->plug[i].address)
			snprintf(label + strlen(label), sizeof(label) - strlen(label), "%s%s",
				 *label ? " " : "", node->plug[i].address);
	if (!*label)
		snprintf(label, sizeof(label), "%s%s", lab_kind_names[node->kind],
			 node->rstp  ? " rstp"
			 : node->hub ? " hub"
				     : "");
	text(out, place->x, place->y + 13, "what", label);
}

int lab_graph(struct lab *lab, FILE *out)
{
	struct place *places = calloc(lab->node_count, sizeof(*places));
	double width, height;

	if (!places)
		return complain("out of memory");
	lay_out(lab, places);
	fit(lab, places, &width, &height);
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
		"viewBox=\"0 0 %.0f %.0f\">\n<title>%s</title>\n<style>\n"
		"text { font-family: sans-serif; text-anchor: middle }\n"
		".name { font-size: 14px; font-weight: bold; fill: white }\n"
		".what { font-size: 10px; fill: white }\n.small { font-size: 10px; fill: #4a5568 "
		"}\n"
		"line { stroke: #a0aec0; stroke-width: 1.5 }\n.link { stroke: #2d3748; "
		"stroke-width: 3 }\n"
		".spoilt { stroke-dasharray: 8 4 }\n.cut { stroke: #e53e3e; stroke-dasharray: 2 6 "
		"}\n"
		"</style>\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
		width, height, width, height, lab->name);
	for (unsigned int i = 0; i < lab->node_count; i++)
		for (unsigned int j = 0; j < lab->node[i].plug_count; j++)
			line(out, &places[i], place_of(lab, places, lab->node[i].plug[j].on), "");
	for (unsigned int i = 0; i < lab->link_count; i++)
		draw_link(out, lab, places, &lab->link[i]);
	for (unsigned int i = 0; i < lab->node_count; i++)
		draw_node(out, lab, &places[i], &lab->node[i]);
	fprintf(out, "</svg>\n");
	free(places);
	return ferror(out) ? complain("cannot write the drawing: %m") : 0;
}
