package resp

import (
	"math/big"
	"strconv"
	"strings"
)

// Redis calculates with C's long double where it takes values for numbers that need not be
// integers. On the machines that it mostly runs on that has 64 bits of mantissa and 15 of
// exponent; what it calculates there is what it calculates here.
const (
	longDoubleBits = 64
	longDoubleMax  = 16384      // values are below 2 to that
	longDoubleMin  = -16445     // what rounds to less than 2 to that is zero
	longDoubleText = 5*1024 - 1 // bytes of a text that can be a number
)

// parseLongDouble reads a number as C does: decimal, hexadecimal, or infinite. It refuses what is
// too large, or is not zero and too small to be told from it.
func parseLongDouble(s string) (f *big.Float, ok bool) {
	if len(s) > longDoubleText {
		return nil, false
	}
	text := strings.ToLower(s)
	negative := strings.HasPrefix(text, "-")
	if negative || strings.HasPrefix(text, "+") {
		text = text[1:]
	}
	hex, isHex := strings.CutPrefix(text, "0x")
	switch {
	case text == "inf", text == "infinity":
		return new(big.Float).SetInf(negative), true
	case isHex:
		f, ok = scaled(hex, "p", 16)
	default:
		f, ok = scaled(text, "e", 10)
	}
	if ok && negative {
		f.Neg(f)
	}
	return f, ok
}

// scaled reads digits, which may have a point among them, and an exponent behind a mark.
func scaled(s, mark string, base int) (f *big.Float, ok bool) {
	const most = 50_000 // a larger exponent is too large, or too small, for as many digits as there may be
	mantissa, power, marked := strings.Cut(s, mark)
	whole, fraction, _ := strings.Cut(mantissa, ".")
	exponent, signed := 0, strings.TrimLeft(power, "+-")
	digits, isNumber := new(big.Int).SetString(whole+fraction, base)
	if !isNumber || strings.ContainsAny(mantissa, "+-_") || marked && (!decimal(signed) || len(power)-len(signed) > 1) {
		return nil, false
	}
	if digits.Sign() == 0 {
		return new(big.Float).SetPrec(longDoubleBits), true
	}
	if marked {
		n, err := strconv.Atoi(power)
		if err != nil || n > most || n < -most {
			return nil, false
		}
		exponent = n
	}
	if base == 16 {
		f = new(big.Float).SetPrec(longDoubleBits).SetInt(digits)
		f.SetMantExp(f, exponent-4*len(fraction))
	} else {
		f = shifted(digits, exponent-len(fraction))
	}
	return f, inRange(f)
}

// decimal reports whether a text is digits.
func decimal(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// shifted returns digits times ten to some power, rounded once.
func shifted(digits *big.Int, power int) *big.Float {
	ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(power, -power))), nil)
	if power >= 0 {
		return new(big.Float).SetPrec(longDoubleBits).SetInt(ten.Mul(ten, digits))
	}
	return new(big.Float).SetPrec(longDoubleBits).Quo(new(big.Float).SetInt(digits), new(big.Float).SetInt(ten))
}

// inRange reports whether a number that is not zero is neither too large nor too small.
func inRange(f *big.Float) bool {
	half := new(big.Float).SetMantExp(big.NewFloat(1), longDoubleMin-1)
	return f.MantExp(nil) <= longDoubleMax && f.Cmp(half) > 0
}

// addLongDouble adds two numbers, and reports whether the sum is one.
func addLongDouble(a, b *big.Float) (sum *big.Float, finite bool) {
	if a.IsInf() || b.IsInf() {
		return nil, false
	}
	sum = new(big.Float).SetPrec(longDoubleBits).Add(a, b)
	return sum, sum.MantExp(nil) <= longDoubleMax
}

// formatLongDouble writes a number for people: with up to 17 digits behind the point, and no zeros
// at their end.
func formatLongDouble(f *big.Float) string {
	text := strings.TrimRight(f.Text('f', 17), "0")
	if text = strings.TrimSuffix(text, "."); text == "-0" {
		return "0"
	}
	return text
}
