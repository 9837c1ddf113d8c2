package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// Pixels of the plot: its names, its bars, and a row. A bar's length is the logarithm of the ratio.
const (
	plotNames, plotBars = 470, 400
	plotRow             = 20
)

// ticks are the ratios that are marked.
var ticks = []float64{0.125, 0.25, 0.5, 1, 2, 4, 8, 16, 32}

// plotX is where a ratio stands.
func plotX(ratio float64) float64 {
	first, last := math.Log(ticks[0]), math.Log(ticks[len(ticks)-1])
	at := (math.Log(ratio) - first) / (last - first)
	return plotNames + plotBars*min(max(at, 0), 1)
}

// plot is docs/performance.svg: a bar for each ratio, from 1, with the range of single rounds, and its goal.
func (r results) plot(all []Row) string {
	var b strings.Builder
	y, topic := 30, ""
	for _, row := range all {
		m, found := r.Rows[row.Name]
		if !found {
			continue
		}
		v := m.judge(row)
		if v.ratio == 0 {
			continue
		}
		if row.Topic != topic {
			topic = row.Topic
			y += plotRow
			fmt.Fprintf(&b, `<text x="10" y="%d" font-weight="bold">%s</text>`+"\n", y+14, html.EscapeString(topic))
			y += plotRow
		}
		b.WriteString(bar(row, v, y))
		y += plotRow
	}
	return frame(b.String(), y)
}

// bar is a row of the plot.
func bar(row Row, v verdict, y int) string {
	var b strings.Builder
	colour := "#3b6ea5"
	if row.Reach != 0 && !v.reached {
		colour = "#c0562f"
	}
	one, at := plotX(1), plotX(v.ratio)
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n", plotNames-8, y+14, html.EscapeString(row.Name))
	fmt.Fprintf(&b, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"><title>%.2f of %s</title></rect>`+"\n",
		min(one, at), y+4, max(math.Abs(at-one), 1), plotRow-8, colour, v.ratio, html.EscapeString(row.Against))
	fmt.Fprintf(&b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="black"/>`+"\n", plotX(v.least), y+10, plotX(v.most), y+10)
	if row.Reach != 0 && !row.Absolute {
		goal := plotX(row.Reach)
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="black" stroke-width="2"/>`+"\n", goal, y+1, goal, y+plotRow-1)
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d">%.2f</text>`+"\n", plotNames+plotBars+10, y+14, v.ratio)
	return b.String()
}

// frame puts bars between the marks of ratios, on white, whatever colour the page around has.
func frame(bars string, high int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", plotNames+plotBars+60, high+30)
	b.WriteString(`<rect width="100%" height="100%" fill="white"/>` + "\n")
	b.WriteString(`<text x="10" y="20">confman's figure divided by the other's. Thick mark: the goal. Thin line: single rounds. Orange: not reached.</text>` + "\n")
	for _, t := range ticks {
		colour := "#dddddd"
		if t == 1 {
			colour = "black"
		}
		fmt.Fprintf(&b, `<line x1="%.1f" y1="35" x2="%.1f" y2="%d" stroke="%s"/>`+"\n", plotX(t), plotX(t), high, colour)
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%g</text>`+"\n", plotX(t), high+16, t)
	}
	return b.String() + bars + "</svg>\n"
}
