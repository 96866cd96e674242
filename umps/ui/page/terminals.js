// SPDX-License-Identifier: GPL-2.0-or-later
// A terminal for each terminal and printer device. Lines are typed here and sent when they end, as the
// device takes them; what the machine says in between goes above the line being typed.

/* global Terminal, FitAddon */
import { el, tabs } from './dom.js';
import { request } from './server.js';

const panel = document.getElementById('terminals');
const head = panel.querySelector('.tabs');
const body = panel.querySelector('.body');
const hint = panel.querySelector('.typing');
const open = new Map(); // device name -> { term, fit, node, line }
const waiting = new Map(); // output of devices that the state has not named yet
let chosen = null;
let devices = [];
let starved = false;

// How one types here, and whether the machine waits for it.
function showHint() {
	const typing = panel.contains(document.activeElement) && document.activeElement.tagName === 'TEXTAREA';
	hint.hidden = !devices.length;
	hint.classList.toggle('wanted', starved && !typing && Boolean(chosen?.startsWith('terminal')));
	if (!chosen?.startsWith('terminal'))
		hint.replaceChildren('A printer: it only prints.');
	else if (typing)
		hint.replaceChildren(el('kbd', {}, 'Enter'), 'sends the line to the machine, ', el('kbd', {}, 'Esc'), 'gives the keys back to the page');
	else
		hint.replaceChildren(starved ? 'The machine waits for a line: click' : 'Click', ' here or press ', el('kbd', {}, 't'), 'to type');
}
panel.addEventListener('focusin', showHint);
panel.addEventListener('focusout', () => setTimeout(showHint));
hint.addEventListener('click', () => focusTerminal());

function erase({ term, line }) {
	if (line)
		term.write('\b \b'.repeat(line.length));
}

function type(entry, name, data) {
	for (const c of data) {
		if (c === '\r') {
			entry.term.write('\r\n');
			request('input', { terminal: Number(name.slice(8)), text: entry.line + '\n' });
			entry.line = '';
		} else if (c === '\x7f' || c === '\b') {
			if (entry.line)
				entry.term.write('\b \b');
			entry.line = entry.line.slice(0, -1);
		} else if (c === '\x15') {
			erase(entry);
			entry.line = '';
		} else if (c >= ' ') {
			entry.line += c;
			entry.term.write(c);
		}
	}
}

function create(name) {
	const typed = name.startsWith('terminal');
	const node = el('div', { class: 'screen', 'data-device': name, hidden: true });
	const term = new Terminal({
		convertEol: true, fontSize: 13, scrollback: 5000, cursorBlink: typed, disableStdin: !typed,
		fontFamily: 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace',
		theme: { background: '#10151c', foreground: '#d8dee6', cursor: '#7fd1b9' },
	});
	const fit = new FitAddon.FitAddon();
	const entry = { term, fit, node, line: '' };
	term.loadAddon(fit);
	body.append(node);
	term.open(node);
	// Function keys and what the browser shall do are not for the terminal.
	term.attachCustomKeyEventHandler(event => !/^F\d+$/.test(event.key) && !(event.ctrlKey && '+-='.includes(event.key)));
	if (typed)
		term.onData(data => type(entry, name, data));
	open.set(name, entry);
	return entry;
}

function choose(name) {
	chosen = name;
	for (const [other, { node }] of open)
		node.hidden = other !== name;
	const groups = { t: 'Terminals', p: 'Printers' };
	tabs(head, devices.map(d => [d, d.slice(-1), groups[d[0]]]), chosen, (d, byArrow) => {
		choose(d);
		if (!byArrow)
			open.get(d)?.term.focus();
	});
	head.querySelector('[aria-selected=true]')?.classList.remove('news');
	open.get(name)?.fit.fit();
	showHint();
}

export function showOutput(name, bytes) {
	const entry = open.get(name);
	if (!entry) {
		waiting.set(name, [...(waiting.get(name) ?? []), bytes]);
		return;
	}
	erase(entry);
	entry.term.write(bytes);
	if (entry.line)
		entry.term.write(entry.line);
	if (name !== chosen)
		head.querySelector(`[data-tab=${name}]`)?.classList.add('news');
}

export function showTerminals(state) {
	if (starved !== state.starved) {
		starved = state.starved;
		showHint();
	}
	const names = state.devices.filter(d => d.line >= 6).map(d => d.name).sort((a, b) => b.localeCompare(a));
	const terminals = names.filter(n => n.startsWith('t')).reverse().concat(names.filter(n => n.startsWith('p')).reverse());
	if (terminals.join() === devices.join())
		return;
	devices = terminals;
	for (const name of devices) {
		if (open.has(name))
			continue;
		create(name);
		for (const bytes of waiting.get(name) ?? [])
			showOutput(name, bytes);
		waiting.delete(name);
	}
	choose(devices.includes(chosen) ? chosen : devices[0]);
	if (!devices.length)
		body.append(el('p', { class: 'hint' }, 'This machine has no terminals.'));
}

export function focusTerminal() {
	open.get(chosen)?.term.focus();
}

export function nextTerminal() {
	if (devices.length)
		choose(devices[(devices.indexOf(chosen) + 1) % devices.length]);
	focusTerminal();
}

new ResizeObserver(() => open.get(chosen)?.fit.fit()).observe(body);
