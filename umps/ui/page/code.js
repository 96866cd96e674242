// SPDX-License-Identifier: GPL-2.0-or-later
// The function, or the piece of ROM, around the program counter or around an address typed; a click on a line
// sets or removes a breakpoint.

import { el, hex, redraw } from './dom.js';
import { ask, request, say } from './server.js';
import { doing } from './processor.js';

const panel = document.getElementById('code');
const body = panel.querySelector('.body');
const cpuTabs = panel.querySelector('.cpus');
const input = panel.querySelector('.goto');
const follow = panel.querySelector('.follow');
let place = null; // what was typed, or null: follow the program counter
let code = null;
let codeKey = '';
let asking = false;
let startShown = false; // the kernel's start is shown, as nothing has been executed yet
let stoodAt = -1; // tick at which the machine stood still last

const space = (state, address) => address < state.bus.floor ? -1 : null;

function toggle(state, cpu, address) {
	const point = state.points.find(p => p.kind === 'breakpoint' && p.first === address);
	if (point)
		request('remove', { id: point.id });
	else
		request('breakpoint', {
			address: '0x' + hex(address),
			asid: space(state, address) ?? state.cpus[cpu].registers.find(r => r.name === 'EntryHi').value >>> 6 & 63,
		});
}

function line(state, cpu, { address, word, text, label, target, source }) {
	const here = state.cpus.map((c, i) => c.pc === address && (c.state !== 'halted' || i === cpu) ? i : -1).filter(i => i >= 0);
	const point = state.points.find(p => p.kind === 'breakpoint' && p.first === address);
	const [mnemonic, allOperands = ''] = text.split('\t');
	// The last operand of a branch or jump is a distance; the target says more.
	const operands = target ? allOperands.split(', ').slice(0, -1).join(', ') : allOperands;
	const row = el('tr', {
		class: [here.includes(cpu) && 'here', here.length && 'some', point && (point.enabled ? 'point' : 'point off')]
			.filter(Boolean).join(' '),
		'data-address': hex(address),
		title: 'Click, or Enter: breakpoint',
		tabindex: -1,
		onkeydown: event => moveOn(event, state, cpu, address),
		onclick: () => toggle(state, cpu, address),
	},
		el('td', { class: 'dot' }, point ? '●' : ''),
		el('td', { class: 'marker' }, here.length ? (state.cpus.length > 1 ? here.join(',') : '') + '▶' : ''),
		el('td', { class: 'address' }, hex(address)), el('td', { class: 'word' }, hex(word)),
		el('td', { class: 'mnemonic' }, mnemonic),
		el('td', { class: 'operands' }, operands, target ? el('span', { class: 'target' }, ' → ' + target) : ''));
	return [
		label ? el('tr', { class: 'label' }, el('td', { colspan: 6 }, label)) : null,
		...(source ?? []).map(([number, said]) => el('tr', { class: 'source' },
			el('td', { class: 'number', colspan: 2 }, String(number)), el('td', { colspan: 4 }, said))),
		row].filter(Boolean);
}

// Arrow keys go from line to line, Enter and the space bar do what a click does.
function moveOn(event, state, cpu, address) {
	const rows = [...body.querySelectorAll('tr[data-address]')];
	const next = rows[rows.indexOf(event.currentTarget) + ({ ArrowDown: 1, ArrowUp: -1 }[event.key] ?? 0)];
	if (event.key === 'Enter' || event.key === ' ')
		toggle(state, cpu, address);
	else if (next && next !== event.currentTarget)
		focusLine(next);
	else
		return;
	event.preventDefault();
}

function focusLine(row) {
	for (const other of body.querySelectorAll('tr[tabindex="0"]'))
		other.tabIndex = -1;
	row.tabIndex = 0;
	row.focus();
}

function draw(state, cpu) {
	if (!code)
		return el('p', { class: 'hint' }, place ? `There is no code at "${place}".` :
			'The program counter points at nothing that is mapped.');
	return el('table', { class: code.lines.some(l => l.source?.length) ? 'code with-source' : 'code' }, code.lines.map(l => line(state, cpu, l)).flat());
}

function scrollTo(selector) {
	const row = body.querySelector(selector);
	if (!row)
		return;
	const top = row.offsetTop, height = body.clientHeight;
	if (top < body.scrollTop + 40 || top > body.scrollTop + height - 60)
		body.scrollTop = top - height / 3;
}

async function fetchCode(state, cpu) {
	const pc = state.cpus[cpu].pc;
	const at = place ?? '0x' + hex(pc);
	const inside = !place && code && code.lines.some(l => l.address === pc) && state.running;
	const key = [cpu, at, state.tick].join();
	if (asking || inside || key === codeKey)
		return;
	asking = true;
	codeKey = key;
	code = await ask('code', { cpu, address: at });
	asking = false;
}

export async function showCode(state, cpu, chooseCpu) {
	if (state.running && startShown)
		followPc();
	if (!state.running && state.tick !== stoodAt) { // it stopped anew: there is what matters
		stoodAt = state.tick;
		followPc();
		if (state.tick === 0) { // what a student wrote, rather than the boot ROM
			place = state.start || null;
			startShown = true;
		}
	}
	cpuTabs.replaceChildren(...(state.cpus.length > 1 ? state.cpus : []).map((c, i) => el('button', {
		class: 'cpu ' + c.state, 'aria-pressed': String(i === cpu), onclick: () => chooseCpu(i), title: `${doing(state, i)} at ${c.symbol || hex(c.pc)}`,
	}, `CPU ${i}`)));
	await fetchCode(state, cpu);
	const focused = document.activeElement?.closest?.('#code tr')?.dataset.address;
	redraw(body, [code, cpu, place, state.points, state.cpus.map(c => c.pc)], () => draw(state, cpu));
	const at = place && code ? `tr[data-address="${hex(code.address)}"]` : 'tr.here';
	const row = body.querySelector(focused ? `tr[data-address="${focused}"]` : at) ?? body.querySelector('tr[data-address]');
	if (row && !body.querySelector('tr[tabindex="0"]'))
		row.tabIndex = 0;
	if (focused && row && document.activeElement === document.body)
		row.focus();
	follow.hidden = !place;
	follow.textContent = `▶ ${state.cpus[cpu].symbol || hex(state.cpus[cpu].pc)}`;
	if (!focused)
		scrollTo(at);
}

export function followPc() {
	place = null;
	startShown = false;
	input.value = '';
	codeKey = '';
}

input.addEventListener('keydown', event => {
	event.stopPropagation();
	if (event.key !== 'Enter' && event.key !== 'Escape')
		return;
	startShown = false;
	place = event.key === 'Enter' && input.value.trim() ? input.value.trim() : null;
	codeKey = '';
	if (event.key === 'Escape')
		input.value = '';
	input.blur();
	panel.dispatchEvent(new Event('look'));
});
follow.addEventListener('click', () => {
	followPc();
	panel.dispatchEvent(new Event('look'));
});
input.addEventListener('change', () => { if (!input.value) say('The code follows the program counter again.'); });
