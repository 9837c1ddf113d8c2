package main

import (
	"cmp"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// Pixels of a panel of the growth plot: its plane, and what is around that.
const (
	planeWide, planeHigh = 330, 170
	panelWide, panelHigh = planeWide + 90, planeHigh + 80
)

// A point is both sides' figure of something at a number of configs.
type point struct {
	n            int
	ours, theirs float64
}

// A curve is how a figure grows with the number of configs.
type curve struct {
	what, unit string
	points     []point
}

// curves are those of which something was measured, in the order of their rows.
func (r results) curves(all []Row) (curves []curve) {
	for _, row := range all {
		m, found := r.Rows[row.Name]
		if !found || row.Grows == "" {
			continue
		}
		i := slices.IndexFunc(curves, func(c curve) bool { return c.what == row.Grows })
		if i < 0 {
			i = len(curves)
			curves = append(curves, curve{what: row.Grows, unit: row.Unit})
		}
		v := m.judge(row)
		curves[i].points = append(curves[i].points, point{row.Configs, v.ours, v.theirs})
	}
	return curves
}

// growth is docs/growth.svg: a panel for each curve, two in a row, with logarithms on both axes.
func (r results) growth(all []Row) string {
	curves := r.curves(all)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n",
		2*panelWide, 30+(len(curves)+1)/2*panelHigh)
	b.WriteString(`<rect width="100%" height="100%" fill="white"/>` + "\n")
	b.WriteString(`<text x="10" y="20">Against the number of configs, both in powers of ten. Blue: confman. Grey: redis-server, with its append-only file.</text>` + "\n")
	for i, c := range curves {
		fmt.Fprintf(&b, `<g transform="translate(%d %d)">`+"\n%s</g>\n", 60+i%2*panelWide, 60+i/2*panelHigh, c.panel())
	}
	return b.String() + "</svg>\n"
}

// panel draws a curve into a plane.
func (c curve) panel() string {
	least, most := math.Inf(1), 0.0
	for _, p := range c.points {
		for _, f := range []float64{p.ours, p.theirs} {
			if f > 0 {
				least, most = min(least, f), max(most, f)
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<text y="-12" font-weight="bold">%s</text>`+"\n", html.EscapeString(c.what+", "+c.unit))
	if most == 0 {
		return b.String() // nothing that logarithms could show
	}
	across := axis{1e3, 1e6, planeWide}
	up := axis{math.Pow(10, math.Floor(math.Log10(least))), math.Pow(10, math.Ceil(math.Log10(most*1.001))), planeHigh}
	for v := across.first; v <= across.last*1.001; v *= 10 {
		x := across.at(v)
		fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="0" y2="%d" stroke="#dddddd"/>`, x, x, planeHigh)
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%.0f</text>`+"\n", x, planeHigh+16, v)
	}
	for v := up.first; v <= up.last*1.001; v *= 10 {
		y := planeHigh - up.at(v)
		fmt.Fprintf(&b, `<line y1="%.1f" y2="%.1f" x1="0" x2="%d" stroke="#dddddd"/>`, y, y, planeWide)
		fmt.Fprintf(&b, `<text x="-6" y="%.1f" text-anchor="end">%g</text>`+"\n", y+4, cmp.Or(math.Round(v*1e6)/1e6, v))
	}
	c.line(&b, across, up, "#999999", func(p point) float64 { return p.theirs })
	c.line(&b, across, up, "#3b6ea5", func(p point) float64 { return p.ours })
	return b.String()
}

// line joins the points of a side.
func (c curve) line(b *strings.Builder, across, up axis, colour string, of func(point) float64) {
	var path strings.Builder
	for _, p := range c.points {
		if f := of(p); f > 0 {
			x, y := across.at(float64(p.n)), planeHigh-up.at(f)
			fmt.Fprintf(&path, "%.1f,%.1f ", x, y)
			fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"><title>%.4g at %d</title></circle>`+"\n", x, y, colour, f, p.n)
		}
	}
	fmt.Fprintf(b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.TrimSpace(path.String()), colour)
}

// An axis is the span that so many pixels show, by its logarithm.
type axis struct{ first, last, pixels float64 }

func (a axis) at(v float64) float64 {
	return a.pixels * (math.Log(v) - math.Log(a.first)) / (math.Log(a.last) - math.Log(a.first))
}
