//! Random histories of requests against a model of how they are decided, and races of those who decide.

use std::collections::{BTreeMap, BTreeSet};

use guildhall_testkit::{App, Place, Who, on_both};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

const HISTORIES: usize = 12;
const LENGTH: usize = 30;
/// ada administers, edda owns the app, vera and gus neither.
const PEOPLE: [&str; 4] = ["ada", "edda", "vera", "gus"];
const ADMIN: u8 = 0;
const OWNER: u8 = 1;

/// A step of a policy: who decides, whether all of them must, and whether it runs out after an hour.
#[derive(Clone, Debug)]
struct Rung {
    who: BTreeSet<u8>,
    all: bool,
    expires: bool,
}

#[derive(Clone, Debug)]
enum Act {
    /// The company decides by other steps from now on.
    Rule(Vec<Rung>, bool),
    /// Somebody asks for somebody.
    Ask(u8, u8),
    /// Somebody approves or declines some task of some request.
    Decide { request: usize, task: usize, by: u8, approve: bool },
    /// The administrator withdraws some request.
    Withdraw(usize),
    /// The administrator takes an access away.
    Take(u8),
    /// An hour and a half go by.
    Wait,
}

fn rung() -> impl Strategy<Value = Rung> {
    (prop::collection::btree_set(0..4_u8, 1..4), any::<bool>(), any::<bool>()).prop_map(|(who, all, expires)| Rung {
        who,
        all,
        expires,
    })
}

fn act() -> impl Strategy<Value = Act> {
    let decide = (0..8_usize, 0..4_usize, 0..4_u8, 0..4_u8);
    prop_oneof![
        2 => (prop::collection::vec(rung(), 0..3), any::<bool>()).prop_map(|(rungs, by_itself)| Act::Rule(rungs, by_itself)),
        4 => (0..4_u8, 0..4_u8).prop_map(|(by, target)| Act::Ask(by, target)),
        14 => decide.prop_map(|(request, task, by, no)| Act::Decide { request, task, by, approve: no != 0 }),
        1 => (0..8_usize).prop_map(Act::Withdraw),
        2 => (0..4_u8).prop_map(Act::Take),
        1 => Just(Act::Wait),
    ]
}

/// A request as the model has it.
#[derive(Clone, Debug)]
struct Wish {
    by: u8,
    target: u8,
    rungs: Vec<Rung>,
    by_itself: bool,
    step: usize,
    /// Open tasks: in whose hands each is.
    tasks: Vec<BTreeSet<u8>>,
    /// When the open tasks run out, in minutes.
    due: Option<i64>,
    status: &'static str,
}

#[derive(Default)]
struct Model {
    rungs: Vec<Rung>,
    by_itself: bool,
    wishes: Vec<Wish>,
    has: BTreeSet<u8>,
    minutes: i64,
}

impl Wish {
    fn own(&self, who: u8) -> bool {
        who == self.by || who == self.target
    }

    /// Those of `who` whose own it is not, else the administrator.
    fn fit(&self, who: &BTreeSet<u8>) -> BTreeSet<u8> {
        let fit: BTreeSet<u8> = who.iter().copied().filter(|one| !self.own(*one)).collect();
        if fit.is_empty() { [ADMIN].into_iter().filter(|one| !self.own(*one)).collect() } else { fit }
    }

    fn pending(&self) -> bool {
        matches!(self.status, "open" | "approved")
    }

    /// Opens what comes next; true once it is carried out.
    fn advance(&mut self, minutes: i64) -> bool {
        (self.tasks, self.due) = (Vec::new(), None);
        if let Some(rung) = self.rungs.get(self.step).cloned() {
            let who = self.fit(&rung.who);
            let apart = rung.all && !who.is_empty();
            self.tasks = if apart { who.into_iter().map(|one| [one].into()).collect() } else { vec![who] };
            self.due = rung.expires.then_some(minutes + 60);
            return false;
        }
        if self.by_itself {
            self.status = "completed";
            return true;
        }
        self.status = "approved";
        self.tasks = vec![self.fit(&[OWNER].into())];
        false
    }

    fn end(&mut self, status: &'static str) {
        (self.status, self.tasks, self.due) = (status, Vec::new(), None);
    }
}

impl Model {
    /// What asking answers.
    fn ask(&mut self, by: u8, target: u8) -> u16 {
        let pending = self.wishes.iter().any(|wish| wish.target == target && wish.pending());
        if by == 3 && target != 3 {
            return 403; // a guest asks for nobody but himself
        }
        if self.has.contains(&target) || pending {
            return 409;
        }
        let (rungs, by_itself) = (self.rungs.clone(), self.by_itself);
        let mut wish = Wish { by, target, rungs, by_itself, step: 0, tasks: Vec::new(), due: None, status: "open" };
        if wish.advance(self.minutes) {
            self.has.insert(target);
        }
        self.wishes.push(wish);
        201
    }

    /// What deciding the open task that is in these hands answers.
    fn decide(&mut self, request: usize, task: &BTreeSet<u8>, by: u8, approve: bool) -> u16 {
        let minutes = self.minutes;
        let wish = &mut self.wishes[request];
        if wish.own(by) || (!task.contains(&by) && by != ADMIN) {
            return 403;
        }
        if !approve {
            wish.end("declined");
            return 200;
        }
        let place = wish.tasks.iter().position(|other| other == task).expect("an open task");
        wish.tasks.remove(place);
        if !wish.tasks.is_empty() {
            return 200;
        }
        let done = if wish.status == "approved" {
            wish.end("completed");
            true
        } else {
            wish.step += 1;
            wish.advance(minutes)
        };
        if done {
            self.has.insert(self.wishes[request].target);
        }
        200
    }

    fn wait(&mut self) {
        self.minutes += 90;
        for wish in &mut self.wishes {
            if wish.pending() && wish.due.is_some_and(|due| due <= self.minutes) {
                wish.end("expired");
            }
        }
    }
}

struct Real {
    app: App,
    policy: String,
    requests: Vec<String>,
}

impl Real {
    fn at(&self, path: &str) -> String {
        format!("/v1/companies/{}{path}", self.app.id("northwind"))
    }

    fn id(&self, who: u8) -> Value {
        json!(self.app.id(PEOPLE[usize::from(who)]))
    }

    fn who(&self, id: &Value) -> u8 {
        (0..4).find(|who| self.id(*who) == *id).expect("somebody seeded")
    }

    async fn start(place: Place) -> Self {
        let app = App::start(place).await;
        let at = format!("/v1/companies/{}", app.id("northwind"));
        let body = json!({"name": "Ours", "requestType": "GrantAccessRequest", "default": true, "steps": []});
        let made = app.bearer().post(format!("{at}/policies"), body).await.is(201);
        let policy = made.header("location").to_owned();
        let take = format!("{at}/apps/{}/accesses/{}", app.id("ledger"), app.id("vera"));
        app.bearer().delete(take).await.is(204);
        Self { app, policy, requests: Vec::new() }
    }

    /// The open tasks of a request: path, and in whose hands.
    async fn tasks(&self, request: usize) -> Vec<(String, BTreeSet<u8>)> {
        let all = self.app.bearer().get(format!("{}/tasks", self.requests[request])).await.is(200).json();
        let open = all["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|task| task["status"] == "open")
            .cloned()
            .collect::<Vec<_>>();
        let one = |task: &Value| {
            let people = task["people"].as_array().unwrap().iter().map(|person| self.who(&person["id"])).collect();
            (self.at(&format!("/tasks/{}", task["id"].as_str().unwrap())), people)
        };
        open.iter().map(one).collect()
    }

    async fn act(&mut self, model: &mut Model, act: &Act) {
        let admin = self.app.bearer();
        match act {
            Act::Rule(rungs, by_itself) => {
                let step = |rung: &Rung| {
                    let users: Vec<Value> = rung.who.iter().map(|who| self.id(*who)).collect();
                    json!({"approvers": {"users": users}, "require": if rung.all { "all" } else { "any" },
                           "timeoutHours": rung.expires.then_some(1)})
                };
                let steps: Vec<Value> = rungs.iter().map(step).collect();
                admin.patch(&self.policy, json!({"steps": steps, "autoprovision": by_itself})).await.is(200);
                (model.rungs, model.by_itself) = (rungs.clone(), *by_itself);
            }
            Act::Ask(by, target) => {
                let body = json!({"type": "GrantAccessRequest", "requester": self.id(*by), "target": self.id(*target),
                                  "app": self.app.id("ledger"), "permissionLevel": self.app.id("reader"), "purpose": "x"});
                let reply = admin.post(self.at("/requests"), body).await;
                assert_eq!(reply.status, model.ask(*by, *target), "{act:?}: {reply}");
                if reply.status == 201 {
                    self.requests.push(reply.header("location").to_owned());
                }
            }
            Act::Decide { request, task, by, approve } => {
                if self.requests.is_empty() {
                    return;
                }
                let request = request % self.requests.len();
                let open = self.tasks(request).await;
                if open.is_empty() {
                    return;
                }
                let (path, hands) = &open[task % open.len()];
                let what = if *approve { "approve" } else { "decline" };
                let reply = admin.post(format!("{path}/{what}"), json!({"by": self.id(*by)})).await;
                assert_eq!(reply.status, model.decide(request, hands, *by, *approve), "{act:?}: {reply}");
                if reply.status == 200 {
                    let again = admin.post(format!("{path}/approve"), json!({"by": self.id(*by)})).await;
                    assert_eq!(again.status, 409, "decided once: {again}");
                }
            }
            Act::Withdraw(request) => {
                if self.requests.is_empty() {
                    return;
                }
                let request = request % self.requests.len();
                let reply = admin.call("POST", format!("{}/withdraw", self.requests[request]), None).await;
                let pending = model.wishes[request].pending();
                assert_eq!(reply.status, if pending { 200 } else { 409 }, "{act:?}: {reply}");
                if pending {
                    model.wishes[request].end("cancelled");
                }
            }
            Act::Take(who) => {
                let path = self.at(&format!(
                    "/apps/{}/accesses/{}",
                    self.app.id("ledger"),
                    self.app.id(PEOPLE[usize::from(*who)])
                ));
                let reply = admin.delete(path).await;
                assert_eq!(reply.status, if model.has.remove(who) { 204 } else { 404 });
            }
            Act::Wait => {
                self.app.clock.set(self.app.clock.now().plus_seconds(90 * 60));
                self.app.engine.housekeep().await.unwrap();
                model.wait();
            }
        }
    }

    /// Everything is as the model says.
    async fn agree(&self, model: &Model, history: &[Act]) {
        for (i, wish) in model.wishes.iter().enumerate() {
            let told = self.app.bearer().get(&self.requests[i]).await.is(200).json();
            assert_eq!(told["status"], wish.status, "request {i} after {history:?}");
            let mut hands: Vec<BTreeSet<u8>> = self.tasks(i).await.into_iter().map(|(_, hands)| hands).collect();
            let mut wanted = wish.tasks.clone();
            hands.sort();
            wanted.sort();
            assert_eq!(hands, wanted, "tasks of request {i} after {history:?}");
        }
        let page =
            self.app.bearer().get(self.at(&format!("/apps/{}/accesses", self.app.id("ledger")))).await.is(200).json();
        let has: BTreeSet<u8> =
            page["items"].as_array().unwrap().iter().map(|row| self.who(&row["user"]["id"])).collect();
        assert_eq!(has, model.has, "accesses after {history:?}");
    }
}

#[tokio::test]
async fn random_histories_are_decided_as_the_model_says() {
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for round in 0..HISTORIES {
        let history = prop::collection::vec(act(), LENGTH).new_tree(&mut runner).expect("a history").current();
        let place = if round % 2 == 0 { Place::sqlite() } else { Place::postgres().await };
        let (mut real, mut model) = (Real::start(place).await, Model::default());
        for (n, act) in history.iter().enumerate() {
            real.act(&mut model, act).await;
            real.agree(&model, &history[..=n]).await;
        }
        for wish in &model.wishes {
            *seen.entry(wish.status).or_default() += 1;
        }
        assert!(real.app.engine.verify().await.unwrap().iter().all(|chain| chain.broken.is_none()));
    }
    // A model that meets nothing proves nothing.
    for status in ["completed", "declined", "cancelled", "expired"] {
        assert!(seen.contains_key(status), "no request was {status}: {seen:?}");
    }
}

async fn asked(app: &App, steps: Value) -> (String, String) {
    let at = format!("/v1/companies/{}", app.id("northwind"));
    let body = json!({"name": "Ours", "requestType": "GrantAccessRequest", "default": true, "autoprovision": true, "steps": steps});
    app.bearer().post(format!("{at}/policies"), body).await.is(201);
    let ask = json!({"type": "GrantAccessRequest", "app": app.id("ledger"), "permissionLevel": app.id("reader"), "purpose": "x"});
    let request =
        app.bearer().by(Who::Guest).post(format!("{at}/requests"), ask).await.is(201).header("location").to_owned();
    let tasks = app.bearer().get(format!("{request}/tasks")).await.is(200).json();
    (request, format!("{at}/tasks/{}", tasks["items"][0]["id"].as_str().unwrap()))
}

#[tokio::test]
async fn of_two_who_decide_at_once_on_two_nodes_one_does() {
    for round in 0..6 {
        let one = App::start(Place::postgres().await).await;
        let two = one.twin().await;
        let (request, task) = asked(&one, json!([{"approvers": {"users": [one.id("edda"), one.id("vera")]}}])).await;
        let (edda, vera) = (one.bearer().by(Who::Editor), two.bearer().by(Who::Viewer));
        let (yes, no) = tokio::join!(
            edda.call("POST", format!("{task}/approve"), None),
            vera.call("POST", format!("{task}/decline"), None),
        );
        let mut statuses = [yes.status, no.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "round {round}: {yes} {no}");
        let wanted = if yes.status == 200 { "completed" } else { "declined" };
        assert_eq!(two.bearer().get(&request).await.is(200).json()["status"], wanted);
        let decided = one.events().await.into_iter().filter(|event| event.kind == "task.decided").count();
        assert_eq!(decided, 1);
    }
}

#[tokio::test]
async fn whoever_leaves_while_asked_for_gets_nothing() {
    on_both(async |app| {
        let at = |path: String| format!("/v1/companies/{}{path}", app.id("northwind"));
        let (ops, gus, ledger) = (app.id("ops"), app.id("gus"), app.id("ledger"));
        let steps = json!([{"approvers": {"users": [app.id("vera")]}}]);
        let body = json!({"name": "Ours", "requestType": "GrantAccessRequest", "default": true, "autoprovision": true, "steps": steps});
        app.bearer().post(at("/policies".into()), body).await.is(201);
        app.bearer().put(at(format!("/groups/{ops}/apps/{ledger}")), json!({"visibility": "default"})).await.is(200);
        for round in 0..4 {
            let member = at(format!("/groups/{ops}/members/{gus}"));
            app.bearer().call("PUT", &member, None).await.is(201);
            let open = app.bearer().get(at("/requests?status=open".into())).await.json();
            let request = at(format!("/requests/{}", open["items"][0]["id"].as_str().unwrap()));
            let tasks = app.bearer().get(format!("{request}/tasks")).await.json();
            let task = at(format!("/tasks/{}/approve", tasks["items"][0]["id"].as_str().unwrap()));
            let (admin, vera) = (app.bearer(), app.bearer().by(Who::Viewer));
            let (left, approved) = tokio::join!(admin.delete(&member), vera.call("POST", &task, None));
            assert_eq!(left.status, 204);
            // Approved before he left, it is asked back; after, there is nothing to approve.
            let status = app.bearer().get(&request).await.json()["status"].clone();
            let removals = app.bearer().get(at("/requests?type=RemoveAccessRequest&status=open".into())).await.json();
            let removals = removals["items"].as_array().unwrap().len();
            match approved.status {
                200 => assert_eq!((status, removals), (json!("completed"), 1), "round {round}"),
                409 => assert_eq!((status, removals), (json!("cancelled"), 0), "round {round}"),
                other => panic!("round {round}: {other}"),
            }
            app.bearer().delete(at(format!("/apps/{ledger}/accesses/{gus}"))).await;
            for row in app.bearer().get(at("/requests?status=open".into())).await.json()["items"].as_array().unwrap() {
                app.bearer().call("POST", at(format!("/requests/{}/withdraw", row["id"].as_str().unwrap())), None).await.is(200);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_runs_goes_on_by_the_steps_it_began_with() {
    on_both(async |app| {
        let (request, task) = asked(
            &app,
            json!([{"approvers": {"users": [app.id("vera")]}}, {"approvers": {"users": [app.id("edda")]}}]),
        )
        .await;
        let policies = format!("/v1/companies/{}/policies", app.id("northwind"));
        let listed = app.bearer().get(format!("{policies}?requestType=GrantAccessRequest")).await.json();
        let ours = listed["items"].as_array().unwrap().iter().find(|policy| policy["name"] == "Ours").unwrap().clone();
        let edit = json!({"steps": [{"approvers": "admins"}]});
        let (admin, vera) = (app.bearer(), app.bearer().by(Who::Viewer));
        let path = format!("{policies}/{}", ours["id"].as_str().unwrap());
        let (edited, approved) =
            tokio::join!(admin.patch(&path, edit), vera.call("POST", format!("{task}/approve"), None));
        assert_eq!((edited.status, approved.status), (200, 200));
        let told = app.bearer().get(&request).await.json();
        assert_eq!(
            (&told["status"], &told["step"], &told["steps"], &told["policyVersion"]),
            (&json!("open"), &json!(2), &json!(2), &json!(1))
        );
        // The policy goes altogether, and the request ends as it began.
        app.bearer().delete(&path).await.is(204);
        let tasks = app.bearer().get(format!("{request}/tasks")).await.json();
        let last = format!(
            "/v1/companies/{}/tasks/{}/approve",
            app.id("northwind"),
            tasks["items"][1]["id"].as_str().unwrap()
        );
        app.bearer().by(Who::Editor).call("POST", last, None).await.is(200);
        assert_eq!(app.bearer().get(&request).await.json()["status"], "completed");
    })
    .await;
}
