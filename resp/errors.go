package resp

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"confman/store"
)

// Error is an error as clients receive it, its code first: "ERR syntax error".
type Error string

func (e Error) Error() string { return string(e) }

// The errors of commands, in Redis's words where Redis has the error.
const (
	errSyntax    = Error("ERR syntax error")
	errInteger   = Error("ERR value is not an integer or out of range")
	errOverflow  = Error("ERR increment or decrement would overflow")
	errDecrement = Error("ERR decrement would overflow")
	errWrongType = Error("WRONGTYPE Operation against a key holding the wrong kind of value")
	errInternal  = Error("ERR internal error")
	errPattern   = Error("ERR pattern is over 1024 bytes: shorten it")

	errCursor        = Error("ERR invalid cursor")
	errUnknownCursor = Error("ERR unknown cursor: it is too old, or another node's or another scan's; start over from 0")

	errBound = Error("ERR milliseconds must be between 1 and 31536000000, which is a year")

	errNoRoom = Error("TRYAGAIN this node has too many large commands waiting: nothing of this one was done; try again")

	errManyReplies = Error("TRYAGAIN this node has too many large replies on their way to clients that take them slowly: try again")
	errLongReplies = Error("ERR the replies of this transaction are over 16 MiB: read less between MULTI and EXEC")

	errNumLocal        = Error("ERR value is out of range, value must between 0 and 1")
	errTimeout         = Error("ERR timeout is not an integer or out of range")
	errTimeoutNegative = Error("ERR timeout is negative")
	errTimeoutRange    = Error("ERR timeout is out of range")

	errDB         = Error("ERR DB index is out of range")
	errClientName = Error("ERR Client names cannot contain spaces, newlines or special characters.")
	errProtover   = Error("ERR Protocol version is not an integer or out of range")
	errNoProto    = Error("NOPROTO unsupported protocol version")

	errNoAuth      = Error("NOAUTH Authentication required.")
	errHelloNoAuth = Error("NOAUTH HELLO must be called with the client already authenticated, otherwise the " +
		"HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP " +
		"protocol version at the same time")
	errWrongPass  = Error("WRONGPASS invalid username-password pair or user is disabled.")
	errNoPassword = Error("ERR AUTH <password> called without any password configured for the default user. " +
		"Are you sure your configuration is correct?")

	errNestedMulti  = Error("ERR MULTI calls can not be nested")
	errWatchInMulti = Error("ERR WATCH inside MULTI is not allowed")
	errNoMulti      = Error("ERR EXEC without MULTI")
	errNoDiscard    = Error("ERR DISCARD without MULTI")
	errExecAbort    = Error("EXECABORT Transaction discarded because of previous errors.")
	errLongQueue    = Error("ERR transaction is too long: queue less between MULTI and EXEC")
	errManyWatched  = Error("ERR too many watched names: UNWATCH first")

	errInMulti = Error("ERR Command not allowed inside a transaction")

	errExpireNX     = Error("ERR NX and XX, GT or LT options at the same time are not compatible")
	errExpireGTLT   = Error("ERR GT and LT options at the same time are not compatible")
	errNoKeys       = Error("ERR The command has no key arguments")
	errGetKeysArity = Error("ERR Invalid number of arguments specified for command")
	errGetKeysName  = Error("ERR Invalid command specified")

	errNoBackups   = Error("ERR this server gives no backups")
	errManyBackups = Error("TRYAGAIN as many backups as this node gives at a time are being read: try again when one has ended")
	errBackupGone  = Error("TRYAGAIN the node's data was replaced while the backup was being read: begin a new one")
	errNoBackup    = Error("ERR this connection reads no backup: BACKUP START begins one")

	errNoMembers = Error("ERR this server has no cluster to administer")
	errNode      = Error("ERR a node's number is 1 or more: MEMBER LIST has them")
	errTTL       = Error("ERR a token is good for 1 to 604800 seconds")

	errMaxClients = Error("ERR max number of clients reached")
)

// errorf makes an error that quotes something.
func errorf(format string, args ...any) Error { return Error(fmt.Sprintf(format, args...)) }

func errArity(c *Command) Error {
	return errorf("ERR wrong number of arguments for '%s' command", c.Name)
}

func errBackupLate(after time.Duration) Error {
	return errorf("ERR the backup was let go, because nothing of it was read for %v: BACKUP START begins a new one", after)
}

func errExpireTime(c *Call) Error { return errorf("ERR invalid expire time in '%s' command", c.Name) }

// upToZero is what Redis quotes of a word: so many bytes at most, and none behind a zero.
func upToZero(w string, most int) string {
	w, _, _ = strings.Cut(w, "\x00")
	return w[:min(len(w), most)]
}

// errUnknown quotes the command and the beginning of its arguments, 128 bytes of each.
func errUnknown(words []string) Error {
	const most = 128
	var args strings.Builder
	for _, w := range words[1:] {
		if args.Len() >= most {
			break
		}
		fmt.Fprintf(&args, "'%s' ", upToZero(w, most-args.Len()))
	}
	return errorf("ERR unknown command '%s', with args beginning with: %s", upToZero(words[0], most), args.String())
}

func errUnknownSubcommand(container, word string) Error {
	return errorf("ERR unknown subcommand '%s'. Try %s HELP.", upToZero(word, 128), strings.ToUpper(container))
}

// refused makes an error of validate's into one for clients.
func refused(err error) Error { return Error("ERR " + err.Error()) }

// codes tell clients what to make of the errors that the store and the node end with.
var codes = []struct {
	of   error
	code string
}{
	{store.ErrUnavailable, "CLUSTERDOWN"},
	{store.ErrUnconfirmed, "CLUSTERDOWN"},
	{store.ErrStale, "MASTERDOWN"},
	{store.ErrLoading, "LOADING"},
	{store.ErrInDoubt, "INDOUBT"},
	{store.ErrBusy, "TRYAGAIN"},
	{store.ErrUnfit, "MISCONF"},
	{store.ErrTooLarge, "ERR"},
	{store.ErrAwaited, "BUSY"},
	{store.ErrNoWayBack, "ERR"},
}

// fromNode makes an error of the store or the node into one for clients. They are not told
// what nobody foresaw: that is logged.
func fromNode(err error, log *slog.Logger) Error {
	var reply Error
	if errors.As(err, &reply) {
		return reply
	}
	var refused *store.RefusedError
	if errors.As(err, &refused) {
		return Error(refused.Code + " " + refused.Text)
	}
	for _, c := range codes {
		if errors.Is(err, c.of) {
			return Error(c.code + " " + err.Error())
		}
	}
	log.Error("a command failed", "error", err)
	return errInternal
}

// fromSet makes an error of [store.Tx.Set] into one for clients.
func fromSet(err error) error {
	var kind *store.KindError
	if errors.As(err, &kind) {
		return Error("WRONGTYPE " + kind.Error())
	}
	return refused(err)
}

// errManySubscriptions refuses more than a node remembers of one client.
const errManySubscriptions = Error("ERR too many subscriptions of this connection: UNSUBSCRIBE first, or use patterns")

// errNotifyClass is the end of CONFIG SET's error.
const errNotifyClass = Error("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")

// The errors of streams.
const (
	errStreamID    = Error("ERR Invalid stream ID specified as stream command argument")
	errStartID     = Error("ERR invalid start ID for the interval")
	errEndID       = Error("ERR invalid end ID for the interval")
	errUnbalanced  = Error("ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.")
	errManyStreams = Error("ERR too many streams: read those of a namespace that is above them")
	errNewID       = Error("ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.")
	errGroupOption = Error("ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.")
	errNoAckOption = Error("ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.")
	errLongRange   = Error("ERR this range is over 1 MiB: give a COUNT or a smaller one, and go on behind the last id that you get, as in XRANGE KEY (ID +")
)

// errGone says where a reader goes on that has come too late.
func errGone(floor, applied uint64) Error {
	return errorf("GONE changes up to revision %d are not kept any more: read the configs anew, then go on from %d", floor, applied)
}

// errSubcommandSyntax quotes the subcommand as the client wrote it.
func errSubcommandSyntax(c *Call) Error {
	container, _, _ := strings.Cut(c.Name, "|")
	return errorf("ERR unknown subcommand or wrong number of arguments for '%s'. Try %s HELP.", upToZero(c.words[1], 128), strings.ToUpper(container))
}

const (
	errChannel      = Error("ERR channel is over 2048 bytes: shorten its name")
	errShardsInExec = Error("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client")
)
