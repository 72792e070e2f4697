-- For wrk: sends the requests of a file, which NUL bytes part, one after the other.
local requests, place = {}, 0

function init(arguments)
    local file = assert(io.open(arguments[1], "rb"))
    for each in file:read("*a"):gmatch("[^%z]+") do
        table.insert(requests, each)
    end
end

function request()
    place = place % #requests + 1
    return requests[place]
end
