package rdb

// mostUnfolding is how many bytes one byte of a compressed string can stand for at most: three
// make a copy of 264.
const mostUnfolding = 264 / 3

// unfold undoes LZF's compression, and reports whether that makes size bytes.
//
// A byte below 32 is followed by so many literal bytes, and one. Any other begins a copy of what
// was unfolded before: three bits of length, thirteen of distance.
func unfold(in string, size int) (s string, whole bool) {
	out := make([]byte, 0, size)
	for len(in) > 0 {
		control := int(in[0])
		in = in[1:]
		if control < 32 {
			n := control + 1
			if n > len(in) || n > size-len(out) {
				return "", false
			}
			out, in = append(out, in[:n]...), in[n:]
			continue
		}
		n := control>>5 + 2
		if n == 7+2 && len(in) > 0 {
			n += int(in[0])
			in = in[1:]
		}
		if len(in) == 0 {
			return "", false
		}
		from := len(out) - 1 - ((control&31)<<8 | int(in[0]))
		in = in[1:]
		if from < 0 || n > size-len(out) {
			return "", false
		}
		for i := range n { // one by one: it may copy what it has just written
			out = append(out, out[from+i])
		}
	}
	return string(out), len(out) == size
}
