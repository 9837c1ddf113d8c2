#compdef confman
# Completion of confman for zsh. Source it behind compinit, or put it as _confman into a folder of $fpath, such as
# /usr/share/zsh/vendor-completions
_confman() {
    local answer line word about tab=$'\t'
    local -a open closed
    if ! answer=$("${(Q)words[1]/#\~/$HOME}" complete -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null); then
        _files
        return
    fi
    for line in "${(@f)answer}"; do
        word=${line%%$tab*} about=${${line#$word}#$tab}
        if [[ $word == */ ]]; then
            open+=("$word")
        elif [[ -n $word ]]; then
            closed+=("${word//:/\\:}${about:+:$about}")
        fi
    done
    ((${#open})) && compadd -S '' -a open
    ((${#closed})) && _describe -t words confman closed
    ((${#open} + ${#closed}))
}
if [[ ${funcstack[1]} == _confman ]]; then
    _confman "$@"
else
    compdef _confman confman
fi
